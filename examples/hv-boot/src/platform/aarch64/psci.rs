//! Starting cores by the Power State Coordination Interface (Arm DEN 0022).

use aarch64_cpu::asm::barrier;
use smccc::{Hvc, Smc, psci};

use super::entry;
use crate::machine::Machine;

/// The instruction that reaches the firmware.
#[derive(Clone, Copy, Debug)]
pub(super) enum Conduit {
    Smc,
    Hvc,
}

/// Starts the core `hardware_id`, which finds its CPU id in x0: it reads no memory before its caches are on.
pub(crate) fn start_core(
    machine: &Machine,
    id: usize,
    hardware_id: u64,
) -> Result<(), psci::error::Error> {
    let entry = entry::secondary_start as *const () as u64;
    // PSCI orders nothing (DEN 0022, 5.1.4): what this core wrote is visible before the other one runs.
    barrier::dsb(barrier::ISH);
    match machine.platform.conduit {
        Conduit::Smc => psci::cpu_on::<Smc>(hardware_id, entry, id as u64),
        Conduit::Hvc => psci::cpu_on::<Hvc>(hardware_id, entry, id as u64),
    }
}
