//! If the result of `borrow_mut` outlived its guard, a handler would find the value borrowed, and panic.

use std::cell::RefCell;

#[percpu_hv::def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());

fn main() {
    let mut queue = QUEUE.borrow_mut(&percpu_hv::IrqOff::new());
    queue.push(1);
}
