//! Without `T: Send + Sync` for `PerCpuOnce`, another CPU would clone the `Rc` that this one made.

use std::rc::Rc;

use percpu_hv::{CpuPin, PerCpuOnce};

#[percpu_hv::def_percpu]
static SHARED: PerCpuOnce<Rc<u8>> = PerCpuOnce::new();

fn main() {
    let pin = CpuPin::new();
    SHARED.get(&pin).get_or_init(|| Rc::new(1));
}
