//! Without `T: Send`: a clone of the `Rc` goes to another thread, and both count its owners.

use std::rc::Rc;

#[percpu_hv::def_percpu]
static SHARED: Option<Rc<u8>> = None;

fn main() {
    let cloned = SHARED.with_current(|shared| shared.clone());
    drop(cloned);
}
