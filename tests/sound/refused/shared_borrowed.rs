//! Defect 34, rule 16: a `&mut` to what `get` and `get_local` give references to.
//!
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
#![forbid(unsafe_code)]

use std::cell::{Cell, LazyCell, OnceCell, RefCell};
use std::sync::atomic::AtomicU64;

use percpu_hv::{PerCpuCounter, PerCpuOnce, def_percpu};

#[def_percpu]
static ATOMIC: AtomicU64 = AtomicU64::new(0);
#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());
#[def_percpu]
static ONCE: PerCpuOnce<String> = PerCpuOnce::new();
#[def_percpu]
static ONCE_CELL: OnceCell<String> = OnceCell::new();
#[def_percpu]
static LAZY: LazyCell<String> = LazyCell::new(String::new);
#[def_percpu]
static COUNTER: PerCpuCounter = PerCpuCounter::new();
#[def_percpu]
static ARRAY: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];
#[def_percpu]
static TUPLE: (Cell<u64>, (AtomicU64, [RefCell<u8>; 2])) = (
    Cell::new(0),
    (AtomicU64::new(0), [RefCell::new(0), RefCell::new(0)]),
);

fn main() {
    ATOMIC.with_current(|value| *value.get_mut() = 1); //~
    CELL.with_current(|value| *value.get_mut() = 1); //~
    REFCELL.with_current(|value| value.get_mut().clear()); //~
    ONCE.with_current(|value| *value = PerCpuOnce::new()); //~
    ONCE_CELL.with_current(|value| value.take()); //~
    LAZY.with_current(|_| ()); //~
    COUNTER.with_current(|_| ()); //~
    ARRAY.with_current(|_| ()); //~
    TUPLE.with_current(|_| ()); //~
    let _ = CELL.try_with_current(|value| *value.get_mut() = 1); //~
}
