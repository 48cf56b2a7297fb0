//! Without `T: Send`, another thread that runs as the CPU would drop this thread's `Rc`.

use std::rc::Rc;

#[percpu_hv::def_percpu]
static SHARED: Option<Rc<u8>> = None;

fn main() {
    SHARED.reset_to_init();
}
