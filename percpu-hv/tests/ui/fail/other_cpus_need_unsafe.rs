//! If these were safe, this CPU would write, forget or count values that their own CPU uses.

use percpu_hv::{CpuId, PerCpuCounter, def_percpu};

#[def_percpu]
static STATE: String = String::new();
#[def_percpu]
static COUNT: PerCpuCounter = PerCpuCounter::new();

fn main() {
    let cpu = CpuId::new(1).unwrap();
    STATE.reset_remote(cpu);
    STATE.remote_ref_mut_raw(1).clear();
    COUNT.retire(cpu);
    let _ = percpu_hv::reinit_percpu_area(cpu);
    percpu_hv::write_percpu_reg(0x1000);
}
