//! AArch64 on QEMU's `virt` machine: PL011, PSCI, GICv3, device tree, semihosting.
//!
//! EL2 with feature `arm-el2`; without it EL1 or EL2, whichever the machine starts at.
//! Section numbers are those of the Arm Architecture Reference Manual, DDI 0487.

mod entry;
mod exceptions;
mod gaps;
mod gic;
mod guest;
mod interrupts;
mod level;
mod loaded;
mod machine;
mod mmu;
mod nmi;
mod step;
mod timer;

use aarch64_cpu::registers::{MPIDR_EL1, Readable, SCTLR_EL1, SCTLR_EL2};

pub use self::loaded::LoadedCode;
pub(crate) use self::{
    entry::{is_off, start_core, switch_off},
    guest::virtualizations,
    interrupts::{disable_interrupts, enable_interrupts, reserve},
    nmi::send_nmi,
    step::step,
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
};
pub(crate) use super::common::{
    arm::{HARDWARE_ID, exit, send_event, wait_for_event},
    pl011::write,
};

use self::level::{Level, level};

/// The affinity fields of this core's `MPIDR_EL1`, as the device tree and PSCI name cores (Arm ARM, "MPIDR_EL1").
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
