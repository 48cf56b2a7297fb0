//! Rule 13: what `IrqOff::scoped` gives leaves the call.
//!
//! must not compile: lifetime may not live long enough
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::AtomicU64;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static ATOMIC: AtomicU64 = AtomicU64::new(0);
#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);

fn main() {
    let atomic = IrqOff::scoped(|irq| ATOMIC.get(irq)); //~
    println!("{atomic:?}");
    IrqOff::scoped(|irq| {
        let cell: &'static Cell<u64> = CELL.get_local(irq); //~
        cell.set(1);
    });
}
