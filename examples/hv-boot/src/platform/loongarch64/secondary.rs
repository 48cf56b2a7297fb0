//! Starting the other cores, which wait in QEMU's stub, by inter-processor interrupts and mailboxes.

use core::{
    arch::naked_asm,
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use loongArch64::ipi::{csr_mail_send, send_ipi_single};

use super::{entry::prepare, ipi};
use crate::platform::{self, wait::Deadline};

/// The mailbox that QEMU's stub takes the entry address from.
const ENTRY_MAILBOX: usize = 0;
/// The mailbox that [`secondary_start`] takes the CPU id from; the stub leaves it alone.
const ID_MAILBOX: usize = 1;
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
pub(crate) fn start_core(id: usize, hardware_id: u64) -> Result<(), NoAnswer> {
    let entry = secondary_start as *const () as u64;
    let core = hardware_id as usize;
    let end = Deadline::after(Duration::from_secs(30));
    ipi::publish();
    while !end.has_passed() {
        csr_mail_send(id as u64, core, ID_MAILBOX);
        csr_mail_send(entry, core, ENTRY_MAILBOX);
        send_ipi_single(core, ipi::WAKE);
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

/// Where QEMU's stub jumps on the other cores; the CPU id is in mailbox 1.
#[unsafe(naked)]
extern "C" fn secondary_start() -> ! {
    naked_asm!(
        "li.w   $t0, {mailbox}",
        "iocsrrd.d $a0, $t0",
        "bl     {prepare}",
        "b      {serve}",
        mailbox = const loongArch64::consts::LOONGARCH_CSR_MAIL_BUF1,
        prepare = sym prepare,
        serve = sym serve,
    )
}

/// A secondary core in Rust.
extern "C" fn serve(cpu: usize) -> ! {
    ARRIVED.store(cpu, Ordering::Release);
    platform::serve(cpu)
}
