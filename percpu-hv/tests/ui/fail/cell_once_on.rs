//! Without `T: Sync` for `PerCpuOnce`, two CPUs would write one `Cell`.

use std::cell::Cell;

use percpu_hv::{CpuId, PerCpuOnce};

#[percpu_hv::def_percpu]
static STATE: PerCpuOnce<Cell<u8>> = PerCpuOnce::new();

fn main() {
    for cpu in CpuId::all() {
        STATE.on(cpu).get_or_init(|| Cell::new(1)).set(2);
    }
}
