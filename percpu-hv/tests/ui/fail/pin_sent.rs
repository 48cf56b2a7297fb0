//! If a `CpuPin` were `Send`: a thread on another CPU has this CPU's base, and gets this CPU's copies.

use std::thread;

fn main() {
    let pin = percpu_hv::CpuPin::new();
    thread::spawn(move || drop(pin));
}
