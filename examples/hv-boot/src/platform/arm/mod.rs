//! Armv7-A on QEMU's `virt` machine: PL011, PSCI, GICv2, device tree, semihosting.
//!
//! Hyp mode with feature `arm-hyp`, otherwise SVC; the image refuses any other mode. Words in quotes are headings of
//! the Arm Architecture Reference Manual for Armv7-A, DDI 0406C; a register has its name as heading.

mod entry;
mod exceptions;
mod gic;
mod guest;
mod interrupts;
mod mode;
mod timer;

use aarch32_cpu::register::{Hsctlr, Mpidr, Sctlr};

pub(crate) use self::{
    entry::start_core,
    guest::virtualizations,
    interrupts::{disable_interrupts, enable_interrupts, reserve},
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
};
pub(crate) use super::common::{
    arm::{HARDWARE_ID, exit, send_event, wait_for_event},
    no_nmi as send_nmi, no_steps as step,
    pl011::write,
};

use self::mode::Mode;

/// The affinity fields of this core's `MPIDR`, as the device tree and PSCI name cores.
pub(crate) fn hardware_id() -> u64 {
    u64::from(Mpidr::read().0 & 0xff_ffff)
}

/// The mode of this core.
pub(crate) fn privilege() -> &'static str {
    Mode::current().name()
}

/// Whether this core's MMU and data cache are on.
pub(crate) fn caches_are_on() -> bool {
    if Mode::current() == Mode::Hyp {
        let control = Hsctlr::read();
        control.m() && control.c()
    } else {
        let control = Sctlr::read();
        control.m() && control.c()
    }
}
