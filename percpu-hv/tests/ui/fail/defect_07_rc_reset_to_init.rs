//! Without `T: Send`: another thread that plays the CPU drops the `Rc` of this one.

use std::rc::Rc;

#[percpu_hv::def_percpu]
static SHARED: Option<Rc<u8>> = None;

fn main() {
    SHARED.reset_to_init();
}
