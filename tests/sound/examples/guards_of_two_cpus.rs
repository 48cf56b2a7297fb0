//! Rule 13: a guard reaches the CPU on which it was made, wherever its thread is.
//!
//! must print: 10 20 10
//! must print: 20 10
#![forbid(unsafe_code)]

use std::cell::Cell;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static VALUE: u64 = 0;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    let mut zero = IrqOff::new();
    CELL.get_local(&zero).set(10);
    VALUE.write(&zero, 10);
    percpu_hv::init_percpu_reg(1);
    let mut one = IrqOff::new();
    CELL.get_local(&one).set(20);
    VALUE.write(&one, 20);
    println!(
        "{} {} {}",
        CELL.get_local(&zero).get(),
        VALUE.read_current(),
        VALUE.read(&zero)
    );
    std::mem::swap(&mut zero, &mut one);
    drop(one);
    println!("{} {}", CELL.get_local(&zero).get(), {
        percpu_hv::init_percpu_reg(0);
        CELL.get_local(&IrqOff::new()).get()
    });
}
