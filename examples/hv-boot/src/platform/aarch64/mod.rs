//! AArch64 on QEMU's `virt` machine: PL011, PSCI, device tree, semihosting.
//!
//! EL2 with feature `arm-el2`; without it EL1 or EL2, whichever the machine starts at.
//! Section numbers are those of the Arm Architecture Reference Manual, DDI 0487.

mod device_tree;
mod entry;
mod exceptions;
mod level;
mod mmu;
mod psci;
mod timer;
mod uart;

use aarch64_cpu::{
    asm,
    registers::{MPIDR_EL1, Readable, SCTLR_EL1, SCTLR_EL2},
};

pub(crate) use self::{
    psci::start_core,
    timer::{ticks, ticks_per_second},
    uart::write,
};

use self::level::{Level, level};

/// What is left of the device tree.
#[derive(Debug)]
pub(crate) struct Description {
    /// How the firmware wants to be called.
    conduit: psci::Conduit,
    /// The physical address of the console's registers.
    uart: usize,
}

/// The number that tells cores apart: the affinity fields of `MPIDR_EL1`.
pub(crate) const HARDWARE_ID: &str = "MPIDR";

/// The affinity fields of this core's `MPIDR_EL1`, as the device tree and PSCI name cores (D24.2.127).
pub(crate) fn hardware_id() -> u64 {
    let affinity = [
        MPIDR_EL1::Aff3,
        MPIDR_EL1::Aff2,
        MPIDR_EL1::Aff1,
        MPIDR_EL1::Aff0,
    ];
    let mpidr = MPIDR_EL1.get();
    affinity
        .iter()
        .fold(0, |id, field| id | (mpidr & (field.mask << field.shift)))
}

/// The exception level of this core.
pub(crate) fn privilege() -> &'static str {
    level().name()
}

/// Whether this core's MMU and data cache are on.
pub(crate) fn caches_are_on() -> bool {
    match level() {
        Level::El1 => SCTLR_EL1.matches_all(SCTLR_EL1::M::Enable + SCTLR_EL1::C::Cacheable),
        Level::El2 => SCTLR_EL2.matches_all(SCTLR_EL2::M::Enable + SCTLR_EL2::C::Cacheable),
        Level::El3 => false,
    }
}

/// Stops the machine with a status.
pub(crate) fn exit(status: u8) -> ! {
    semihosting::process::exit(status.into())
}

/// Sleeps until another core calls [`send_event`]; may return early.
pub(crate) fn wait_for_event() {
    asm::wfe();
}

/// Wakes the cores in [`wait_for_event`], after all earlier writes are visible.
pub(crate) fn send_event() {
    asm::barrier::dsb(asm::barrier::ISHST);
    asm::sev();
}
