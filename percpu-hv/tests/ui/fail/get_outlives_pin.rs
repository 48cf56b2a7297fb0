//! A context that keeps a `&'static T` from `get` could migrate, and still use the old CPU's copy.

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
