//! Defect 43, rule 13: threads that run as one CPU change cells while interrupts are off.
//!
//! must print: 6000 6000 6000
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::thread;

use percpu_hv::{IrqOff, def_percpu};
use sound::on_cpus;

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());
#[def_percpu]
static EXCLUSIVE: Vec<u64> = Vec::new();

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    on_cpus([1, 1, 1], |_| {
        for turn in 0..2000 {
            let irq = IrqOff::new();
            let cell = CELL.get_local(&irq);
            cell.set(cell.get() + 1);
            let mut queue = REFCELL.borrow_mut(&irq);
            queue.push(turn);
            // The borrow ends, and the guard still keeps the others off.
            EXCLUSIVE.with_current(|exclusive| exclusive.push(turn));
            cell.set(cell.get() - 1);
            thread::yield_now();
            cell.set(cell.get() + 1);
        }
    });
    percpu_hv::init_percpu_reg(1);
    let irq = IrqOff::new();
    println!(
        "{} {} {}",
        CELL.get_local(&irq).get(),
        REFCELL.borrow(&irq).len(),
        EXCLUSIVE.with_current(|exclusive| exclusive.len())
    );
}
