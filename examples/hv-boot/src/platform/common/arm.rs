//! What both Arm architectures do alike: the id of a core, events, semihosting.

use core::arch::asm;

/// The number that identifies a core: the affinity fields of `MPIDR`.
pub(crate) const HARDWARE_ID: &str = "MPIDR";

/// Stops the machine with a status.
pub(crate) fn exit(status: u8) -> ! {
    semihosting::process::exit(status.into())
}

/// Sleeps until another core calls [`send_event`]; may return early.
pub(crate) fn wait_for_event() {
    // SAFETY: rule 10. Not `nomem`: what another core wrote is read afterwards.
    unsafe { asm!("wfe", options(nostack, preserves_flags)) };
}

/// Wakes the cores in [`wait_for_event`], after all earlier writes are visible.
pub(crate) fn send_event() {
    publish();
    // SAFETY: rule 10. Not `nomem`: as above.
    unsafe { asm!("sev", options(nostack, preserves_flags)) };
}

/// Makes what this core wrote visible to the others.
pub(super) fn publish() {
    // SAFETY: rule 10. Not `nomem`: it orders memory.
    unsafe { asm!("dsb sy", options(nostack, preserves_flags)) };
}
