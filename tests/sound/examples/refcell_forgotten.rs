//! Rule 13: a borrow that is forgotten lasts, also when its guard is gone.
//!
//! must panic: already mutably borrowed
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::mem;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static QUEUE: RefCell<Vec<u64>> = RefCell::new(Vec::new());

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    mem::forget(QUEUE.borrow_mut(&IrqOff::new()));
    println!("{}", QUEUE.borrow(&IrqOff::new()).len());
}
