//! If a `CpuPin` were `Sync`, a thread on another CPU would get this CPU's copies.

use std::thread;

fn main() {
    let pin = percpu_hv::CpuPin::new();
    thread::scope(|scope| {
        scope.spawn(|| format!("{:?}", &pin));
    });
}
