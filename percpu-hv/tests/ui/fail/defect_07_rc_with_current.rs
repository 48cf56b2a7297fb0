//! Without `T: Send`, a clone of the `Rc` would go to another thread, and both would count its owners.

use std::rc::Rc;

#[percpu_hv::def_percpu]
static SHARED: Option<Rc<u8>> = None;

fn main() {
    let cloned = SHARED.with_current(|shared| shared.clone());
    drop(cloned);
}
