//! Without `T: Sync`: this CPU borrows what other CPUs borrow, and no count is right.

use std::cell::RefCell;

#[percpu_hv::def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());

fn main() {
    for (_, queue) in QUEUE.iter() {
        queue.borrow_mut().push(1);
    }
}
