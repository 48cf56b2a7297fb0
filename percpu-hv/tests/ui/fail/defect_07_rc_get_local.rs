//! Without `T: Send`: the next context on this CPU clones the `Rc` that this one keeps a clone of.

use std::rc::Rc;

#[percpu_hv::def_percpu(shared)]
static SHARED: Option<Rc<u8>> = None;

fn main() {
    let irq = percpu_hv::IrqOff::new();
    let cloned = SHARED.get_local(&irq).clone();
    drop(cloned);
}
