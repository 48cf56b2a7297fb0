//! Without `T: Send`, the next context on this CPU would clone an `Rc` of which this one keeps a clone.

use std::rc::Rc;

#[percpu_hv::def_percpu(shared)]
static SHARED: Option<Rc<u8>> = None;

fn main() {
    let irq = percpu_hv::IrqOff::new();
    let cloned = SHARED.get_local(&irq).clone();
    drop(cloned);
}
