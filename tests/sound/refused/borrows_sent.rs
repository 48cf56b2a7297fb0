//! Rule 7: what `get_local` and `borrow_mut` gave, on another thread.
//!
//! must not compile: cannot be shared between threads safely
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::thread;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());

fn main() {
    let irq: &'static IrqOff = Box::leak(Box::new(IrqOff::new()));
    let cell: &'static Cell<u64> = CELL.get_local(irq);
    thread::spawn(move || cell.set(1)); //~
    let refcell: &'static RefCell<Vec<u64>> = REFCELL.get_local(irq);
    thread::spawn(move || refcell.borrow_mut().push(1)); //~
}
