//! If `borrow_mut` outlived the guard: a handler finds the value borrowed, and panics.

use std::cell::RefCell;

#[percpu_hv::def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());

fn main() {
    let mut queue = QUEUE.borrow_mut(&percpu_hv::IrqOff::new());
    queue.push(1);
}
