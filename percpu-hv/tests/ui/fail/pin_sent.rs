//! If a `CpuPin` were `Send`, a thread on another CPU would have this CPU's base, and get its copies.

use std::thread;

fn main() {
    let pin = percpu_hv::CpuPin::new();
    thread::spawn(move || drop(pin));
}
