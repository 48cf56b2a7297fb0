//! If `get` gave `&'static T`: the context goes to another CPU and keeps this one's copy.

use std::sync::atomic::AtomicU64;

#[percpu_hv::def_percpu]
static EXITS: AtomicU64 = AtomicU64::new(0);

fn main() {
    let exits = {
        let pin = percpu_hv::CpuPin::new();
        EXITS.get(&pin)
    };
    println!("{exits:?}");
}
