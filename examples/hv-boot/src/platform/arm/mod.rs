//! Armv7-A on QEMU's `virt` machine: PL011, PSCI, GICv2, device tree, semihosting.
//!
//! Hyp mode with feature `arm-hyp`, otherwise SVC; the image refuses any other mode. Words in quotes are headings of
//! the Arm Architecture Reference Manual for Armv7-A, DDI 0406C; a register has its name as heading.

mod device_tree;
mod entry;
mod exceptions;
mod gic;
mod interrupts;
mod mode;
mod timer;

use aarch32_cpu::{
    asm,
    register::{Hsctlr, Mpidr, Sctlr},
};
use smccc::psci::error::Error;

pub(crate) use self::{
    interrupts::{disable_interrupts, enable_interrupts, reserve, step},
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
};
pub(crate) use super::common::pl011::write;

use self::mode::Mode;
use super::common::psci::Conduit;
use crate::machine::Machine;

/// What is left of the device tree.
#[derive(Debug)]
pub(crate) struct Description {
    /// How the firmware wants to be called.
    conduit: Conduit,
    gic: gic::Gic,
    /// The physical address of the console's registers.
    pub(super) uart: usize,
}

/// The number that tells cores apart: the affinity fields of `MPIDR`.
pub(crate) const HARDWARE_ID: &str = "MPIDR";

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

/// Starts the core `hardware_id`, which finds its CPU id in r0: it reads no memory before its caches are on.
pub(crate) fn start_core(machine: &Machine, id: usize, hardware_id: u64) -> Result<(), Error> {
    let entry = entry::secondary_start as *const () as usize;
    // What this core wrote is visible before the other one runs.
    asm::dsb();
    machine.platform.conduit.cpu_on(hardware_id, entry, id)
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
    asm::dsb();
    asm::sev();
}
