//! Without a batch no part moves to the total, so `approximate` would always be 0.

use percpu_hv::{PerCpuCounter, def_percpu};

#[def_percpu]
static EXITS: PerCpuCounter = PerCpuCounter::new();

fn main() {
    EXITS.add(1);
    let _exits = EXITS.approximate();
}
