//! Rule 16: a `Cell` of another CPU, or without interrupts off.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
#![forbid(unsafe_code)]

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::AtomicU64;

use percpu_hv::{CpuId, CpuPin, PerCpuOnce, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());
#[def_percpu]
static TUPLE: (AtomicU64, Cell<u64>) = (AtomicU64::new(0), Cell::new(0));
#[def_percpu]
static ONCE: PerCpuOnce<Cell<u64>> = PerCpuOnce::new();
#[def_percpu]
static ONCE_CELL: OnceCell<u64> = OnceCell::new();

fn main() {
    let (pin, cpu) = (CpuPin::new(), CpuId::new(0).unwrap());
    let _ = CELL.get(&pin); //~
    let _ = CELL.on(cpu); //~
    let _ = CELL.iter(); //~
    let _ = CELL.fold(0, |sum, cell| sum + cell.get()); //~
    let _ = REFCELL.get(&pin); //~
    let _ = TUPLE.on(cpu); //~
    let _ = ONCE.on(cpu); //~
    let _ = ONCE_CELL.get(&pin); //~
}
