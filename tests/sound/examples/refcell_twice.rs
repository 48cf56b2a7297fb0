//! Rule 16: a second borrow through another guard.
//!
//! must panic: already borrowed
#![forbid(unsafe_code)]

use std::cell::RefCell;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static QUEUE: RefCell<Vec<u64>> = RefCell::new(vec_of_nothing());

const fn vec_of_nothing() -> Vec<u64> {
    Vec::new()
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let (outer, inner) = (IrqOff::new(), IrqOff::new());
    QUEUE.borrow_mut(&outer).push(1);
    let first = QUEUE.borrow(&outer);
    QUEUE.borrow_mut(&inner).clear();
    println!("{first:?}");
}
