//! Rule 13: a reference that a guard in a thread-local gave leaves its `with`.
//!
//! must not compile: lifetime may not live long enough
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);

thread_local! {
    static GUARD: IrqOff = IrqOff::new();
    static SLOT: RefCell<Option<IrqOff>> = const { RefCell::new(None) };
}

fn main() {
    let cell = GUARD.with(|irq| CELL.get_local(irq)); //~
    cell.set(1);
    let other = SLOT.with_borrow(|slot| CELL.get_local(slot.as_ref().unwrap())); //~
    SLOT.set(None);
    other.set(1);
}
