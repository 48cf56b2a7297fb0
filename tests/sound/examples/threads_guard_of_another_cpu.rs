//! Rule 13: a thread with a guard of a CPU becomes another one; each CPU still has one thread at a time.
//!
//! must print: 3000 3000
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::thread;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);

fn add(irq: &IrqOff) {
    let cell = CELL.get_local(irq);
    let before = cell.get();
    thread::yield_now();
    cell.set(before + 1);
}

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    thread::scope(|scope| {
        // Each in the order of the ids: no two wait for each other.
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    percpu_hv::init_percpu_reg(0);
                    let zero = IrqOff::new();
                    percpu_hv::init_percpu_reg(1);
                    let one = IrqOff::new();
                    add(&zero);
                    drop(zero);
                    add(&one);
                }
            });
        }
        for cpu in 0..2 {
            scope.spawn(move || {
                percpu_hv::init_percpu_reg(cpu);
                for _ in 0..1000 {
                    IrqOff::scoped(add);
                }
            });
        }
    });
    let [zero, one] = [0, 1].map(|cpu| {
        percpu_hv::init_percpu_reg(cpu);
        CELL.get_local(&IrqOff::new()).get()
    });
    println!("{zero} {one}");
}
