//! Taking interrupts.

use core::{arch::asm, sync::atomic::AtomicUsize};

use super::{gic, mode::TIMER_INTERRUPT};
use crate::interrupts::{Reservation, timer_expired};

/// Unmasks IRQs.
pub(crate) fn enable_interrupts() {
    // SAFETY: rule 10: no critical section of this image masks interrupts.
    unsafe { aarch32_cpu::interrupt::enable() };
}

/// Masks IRQs.
pub(crate) fn disable_interrupts() {
    aarch32_cpu::interrupt::disable();
}

/// Loads a word exclusively, and after a while stores it if the reservation still holds.
pub(crate) fn reserve(
    word: &AtomicUsize,
    count: &AtomicUsize,
    turns: usize,
) -> Option<Reservation> {
    let (failed, at_load, at_store): (usize, usize, usize);
    // SAFETY: rule 10: the word keeps its value; the flags change. Not `nomem`: handlers write the count.
    unsafe {
        asm!(
            "ldrex  {value}, [{word}]",
            "ldr    {at_load}, [{count}]",
            "2:",
            "subs   {turns}, {turns}, #1",
            "bne    2b",
            "ldr    {at_store}, [{count}]",
            "strex  {failed}, {value}, [{word}]",
            value = out(reg) _,
            at_load = out(reg) at_load,
            at_store = out(reg) at_store,
            failed = out(reg) failed,
            turns = inout(reg) turns => _,
            word = in(reg) word.as_ptr(),
            count = in(reg) count.as_ptr(),
            options(nostack)
        );
    }
    Some(Reservation {
        held: failed == 0,
        at_load,
        at_store,
    })
}

/// None: debug exceptions are reported here, as all others.
pub(crate) fn step(_: &mut dyn FnMut()) -> Option<bool> {
    None
}

/// What the vector table's code calls with an IRQ, on the interrupted code's stack.
pub(super) extern "C" fn handle() {
    gic::handle(TIMER_INTERRUPT, timer_expired);
}
