//! Inter-processor interrupts and mailboxes (Loongson 3A5000/3B5000 Registers Technical Reference Manual,
//! "Inter-Processor Interrupts and Communication"): starting cores, and waking them. Interrupts are masked meanwhile:
//! pending ones only end `idle`.

use core::{
    arch::asm,
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use loongArch64::{consts, iocsr, ipi};

use super::entry;
use crate::{
    machine::{Machine, known},
    wait::Deadline,
};

/// The mailbox that QEMU's stub takes the entry address from.
const ENTRY_MAILBOX: usize = 0;
/// The mailbox that [`entry::secondary_start`] takes the CPU id from; the stub leaves it alone.
const ID_MAILBOX: usize = 1;
/// The interrupt vector, one of 32: all mean "wake up".
const WAKE: u32 = 1 << 0;

/// The secondary that came last: its CPU id.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// A core did not start, after many attempts.
pub(crate) struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it does not answer to inter-processor interrupts")
    }
}

/// Starts the core `hardware_id`, which waits in QEMU's stub, and returns when it is there. The stub empties its
/// mailbox when it begins: what was sent before is lost, hence the repetition.
pub(crate) fn start_core(_: &Machine, id: usize, hardware_id: u64) -> Result<(), NoAnswer> {
    let entry = entry::secondary_start as *const () as u64;
    let core = hardware_id as usize;
    let end = Deadline::after(Duration::from_secs(30));
    publish();
    while !end.has_passed() {
        ipi::csr_mail_send(id as u64, core, ID_MAILBOX);
        ipi::csr_mail_send(entry, core, ENTRY_MAILBOX);
        ipi::send_ipi_single(core, WAKE);
        let next = Deadline::after(Duration::from_millis(10));
        while !next.has_passed() {
            if ARRIVED.load(Ordering::Acquire) == id {
                return Ok(());
            }
            core::hint::spin_loop();
        }
    }
    Err(NoAnswer)
}

/// Reports to the boot core that `id`, the running one, has started.
pub(super) fn arrive(id: usize) {
    ARRIVED.store(id, Ordering::Release);
}

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
fn publish() {
    // SAFETY: rule 10. Not `nomem`: it orders memory.
    unsafe {
        asm!("dbar 0", options(nostack, preserves_flags));
    }
}
