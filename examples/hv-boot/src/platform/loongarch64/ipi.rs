//! Inter-processor interrupts and mailboxes (Loongson 3A5000/3B5000 Registers Technical Reference Manual,
//! "Inter-Processor Interrupts and Communication"): waking cores. Interrupts are masked meanwhile: pending ones only
//! end `idle`.

use core::arch::asm;

use loongArch64::{consts, iocsr, ipi};

use crate::machine::known;

/// The interrupt vector, one of 32: all mean "wake up".
pub(super) const WAKE: u32 = 1 << 0;

/// Sleeps until another core calls [`send_event`]; may return early. The interrupt stays pending until it is
/// cleared here, so one that comes before `idle` ends it.
pub(crate) fn wait_for_event() {
    // SAFETY: rule 10. Not `nomem`: what another core wrote is read afterwards.
    unsafe {
        asm!("idle 0", options(nostack, preserves_flags));
    }
    forget_event();
    publish();
}

/// Ends the interrupt that an event is.
pub(super) fn forget_event() {
    iocsr::iocsr_write_w(consts::LOONGARCH_IOCSR_IPI_CLEAR, u32::MAX);
}

/// Wakes the cores in [`wait_for_event`], after all earlier writes are visible.
pub(crate) fn send_event() {
    publish();
    let me = super::hardware_id();
    for &core in known().iter().filter(|&&core| core != me) {
        ipi::send_ipi_single(core as usize, WAKE);
    }
}

/// Orders memory and the mailboxes: a full barrier ("DBAR").
pub(super) fn publish() {
    // SAFETY: rule 10. Not `nomem`: it orders memory.
    unsafe {
        asm!("dbar 0", options(nostack, preserves_flags));
    }
}
