//! Without a batch nothing is moved: `approximate` would be 0 whatever was added.

use percpu_hv::{PerCpuCounter, def_percpu};

#[def_percpu]
static EXITS: PerCpuCounter = PerCpuCounter::new();

fn main() {
    EXITS.add(1);
    let _exits = EXITS.approximate();
}
