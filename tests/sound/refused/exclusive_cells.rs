//! Defect 34, rule 16: the references of cells, counters and once cells that are exclusive by option.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Shared` one of a type that is `Send` does
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::sync::atomic::AtomicU64;

use percpu_hv::{CpuPin, IrqOff, PerCpuCounter, PerCpuOnce, def_percpu};

#[def_percpu(exclusive)]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu(exclusive)]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());
#[def_percpu(exclusive)]
static ATOMIC: AtomicU64 = AtomicU64::new(0);
#[def_percpu(exclusive)]
static ONCE: PerCpuOnce<String> = PerCpuOnce::new();
#[def_percpu(exclusive)]
static COUNTER: PerCpuCounter<8> = PerCpuCounter::new();

fn main() {
    let (pin, irq) = (CpuPin::new(), IrqOff::new());
    let _ = CELL.get_local(&irq); //~
    let _ = REFCELL.borrow(&irq); //~
    let _ = REFCELL.borrow_mut(&irq); //~
    let _ = REFCELL.try_borrow(&irq); //~
    let _ = REFCELL.try_borrow_mut(&irq); //~
    let _ = ATOMIC.get(&pin); //~
    let _ = ONCE.get(&pin); //~
    COUNTER.add(1); //~
    COUNTER.sub(1); //~
    let _ = COUNTER.approximate(); //~
}
