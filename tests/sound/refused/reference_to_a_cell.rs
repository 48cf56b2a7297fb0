//! Rule 7: all copies of a `&Cell` are one cell, which CPUs would change at the same time.
//!
//! must not compile: is not loaded and stored as a whole
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Shared` one of a type that is `Send` does
#![forbid(unsafe_code)]

use std::cell::Cell;

use percpu_hv::{CpuPin, IrqOff, def_percpu};

#[def_percpu]
static CELL: &Cell<u64> = &Cell::new(0);
#[def_percpu(shared)]
static SHARED: &Cell<u64> = &Cell::new(0);
#[def_percpu]
static OPTION: Option<&Cell<u64>> = None;

fn main() {
    CELL.read_current().set(1); //~
    CELL.with_current(|cell| cell.set(1)); //~
    SHARED.get(&CpuPin::new()).set(1); //~
    SHARED.get_local(&IrqOff::new()).set(1); //~
    OPTION.with_current(|option| option.unwrap().set(1)); //~
}
