//! Rule 13: a function returns what belongs to its guard.
//!
//! must not compile: E0515
#![forbid(unsafe_code)]

use std::cell::{Cell, Ref, RefCell};

use percpu_hv::{CpuPin, IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());

fn cell() -> &'static Cell<u64> {
    let irq = IrqOff::new();
    CELL.get_local(&irq) //~
}

fn borrow() -> Ref<'static, Vec<u64>> {
    let irq = IrqOff::new();
    REFCELL.borrow(&irq) //~
}

fn iterate() -> impl Iterator<Item = u64> {
    let irq = IrqOff::new();
    Box::new(REFCELL.borrow(&irq)).iter().copied() //~
}

fn pin() -> &'static CpuPin {
    &IrqOff::new() //~
}

fn main() {
    cell();
    borrow();
    iterate();
    pin();
}
