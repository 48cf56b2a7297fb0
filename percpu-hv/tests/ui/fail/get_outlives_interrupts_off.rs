//! If the result of `get` outlived its guard, the context could migrate and use another CPU's copy.

use std::sync::atomic::AtomicU64;

#[percpu_hv::def_percpu]
static EXITS: AtomicU64 = AtomicU64::new(0);

fn main() {
    let irq = percpu_hv::IrqOff::new();
    let exits = EXITS.get(&irq);
    drop(irq);
    println!("{exits:?}");
}
