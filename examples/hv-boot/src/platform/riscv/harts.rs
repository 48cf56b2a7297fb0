//! Starting cores, and waking them, by SBI. Interrupts are masked meanwhile: pending ones only end `wfi`.

use riscv::{
    asm::{fence, wfi},
    interrupt::supervisor::Interrupt,
    register::sip,
};
use sbi_rt::HartMask;

use super::{Refusal, entry};

/// Starts the core `hardware_id`, which finds its CPU id in a1 (SBI specification, "Hart State Management Extension").
pub(crate) fn start_core(id: usize, hardware_id: u64) -> Result<(), Refusal> {
    let entry = entry::secondary_start as *const () as usize;
    // What this core wrote is visible before the other one runs.
    fence();
    let answer = sbi_rt::hart_start(hardware_id as usize, entry, id);
    if answer.is_ok() {
        Ok(())
    } else {
        Err(Refusal(answer))
    }
}

/// Sleeps until another core calls [`send_event`]; may return early. The interrupt stays pending until it is
/// cleared here, so one that comes before `wfi` ends it.
pub(crate) fn wait_for_event() {
    wfi();
    forget_event();
    // What was written before the event is read after it.
    fence();
}

/// Ends the interrupt that an event is.
pub(super) fn forget_event() {
    // SAFETY: rule 12: SBI's interrupts between cores mean nothing but an event.
    unsafe { sip::clear_pending(Interrupt::SupervisorSoft) };
}

/// Wakes the cores in [`wait_for_event`], after all earlier writes are visible.
///
/// # Panics
///
/// If SBI cannot send interrupts to the other cores.
pub(crate) fn send_event() {
    fence();
    let answer = sbi_rt::send_ipi(HartMask::all());
    assert!(
        answer.is_ok(),
        "no interrupt to all harts: {}",
        Refusal(answer)
    );
}
