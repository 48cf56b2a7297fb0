//! Defect 34, rule 16: a `Cell` through several guards, which are one place.
//!
//! must print: 1 2 2
//! must print: [7]
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static ARRAY: [RefCell<Vec<u64>>; 2] = [const { RefCell::new(Vec::new()) }; 2];

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let irq = IrqOff::new();
    let cell = CELL.get_local(&irq);
    cell.set(1);
    let first = cell.get();
    let second = IrqOff::scoped(|inner| CELL.get_local(inner).replace(2) + 1);
    println!("{first} {second} {}", cell.get());
    let [_, last] = ARRAY.get_local(&irq);
    last.borrow_mut().push(7);
    println!("{:?}", ARRAY.get_local(&IrqOff::new())[1].borrow());
}
