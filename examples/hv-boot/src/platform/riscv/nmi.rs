//! Software events of the SBI implementation, which `sstatus.SIE` does not mask (SBI specification, "Supervisor
//! Software Events Extension").

use core::arch::{asm, naked_asm};

use super::interrupts::{call, instruction};
use crate::platform::nmi_taken;

/// "Software injected local event".
pub(super) const EVENT: u32 = 0xffff_0000;

/// The extension, and its functions that assembly calls.
pub(super) const SSE: usize = 0x53_5345;
pub(super) const INJECT: usize = 7;
const COMPLETE: usize = 6;

/// Interrupts this hart, if the SBI implementation has such events.
pub(crate) fn send_nmi() -> bool {
    if !is_there() {
        return false;
    }
    let answer = sbi_rt::sse_inject(EVENT, super::hardware_id() as usize);
    assert!(answer.is_ok(), "no event: {}", super::Refusal(answer));
    true
}

/// Registers the event on this hart, with its `gp` as the argument.
fn is_there() -> bool {
    if sbi_rt::probe_extension(sbi_rt::Sse).is_unavailable() {
        return false;
    }
    let gp: usize;
    // SAFETY: rule 10. Not `pure`: another hart has another value.
    unsafe { asm!("mv {}, gp", out(reg) gp, options(nomem, nostack, preserves_flags)) };
    // These fail the first time.
    let _ = sbi_rt::sse_disable(EVENT);
    let _ = sbi_rt::sse_unregister(EVENT);
    sbi_rt::sse_register(EVENT, event as *const () as usize, gp).is_ok()
        && sbi_rt::sse_enable(EVENT).is_ok()
        && {
            // It fails if the hart takes events already.
            let _ = sbi_rt::sse_hart_unmask();
            true
        }
}

/// Where an event leads, on the interrupted code's stack. The interrupted code may be an exit that has not loaded `gp`
/// yet. The argument is in a7 and the hart id in a6; OpenSBI 1.5 has them the other way round. It restores both.
#[unsafe(naked)]
extern "C" fn event() {
    call!(
        [
            "addi   sp, sp, -16",
            concat!(instruction!(store_word), " gp, (sp)"),
            "mv     gp, a7",
            "bne    a7, tp, 2f",
            "mv     gp, a6",
            "2:",
        ],
        handle,
        [
            concat!(instruction!(load), " gp, (sp)"),
            "addi   sp, sp, 16",
            "li     a7, {sse}",
            "li     a6, {complete}",
            "ecall",
        ],
        sse = const SSE,
        complete = const COMPLETE,
    )
}

extern "C" fn handle() {
    assert!(nmi_taken(), "an event that nobody awaits");
}
