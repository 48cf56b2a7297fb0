//! Without an `IrqOff`, a handler could borrow the `RefCell` that this context has borrowed.

use std::cell::RefCell;

#[percpu_hv::def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());

fn main() {
    let pin = percpu_hv::CpuPin::new();
    QUEUE.get_local(&pin).borrow_mut().push(1);
}
