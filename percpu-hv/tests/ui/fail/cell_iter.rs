//! Without `T: Sync`, this CPU would borrow what other CPUs borrow, and the counts of borrows would be wrong.

use std::cell::RefCell;

#[percpu_hv::def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());

fn main() {
    for (_, queue) in QUEUE.iter() {
        queue.borrow_mut().push(1);
    }
}
