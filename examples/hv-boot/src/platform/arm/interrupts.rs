//! Taking interrupts.

use super::{gic, mode::TIMER_INTERRUPT};
use crate::{interrupts::timer_expired, platform::common::reserve::define_reserve};

/// Unmasks IRQs.
pub(crate) fn enable_interrupts() {
    // SAFETY: rule 10: no critical section of this image masks interrupts.
    unsafe { aarch32_cpu::interrupt::enable() };
}

/// Masks IRQs.
pub(crate) fn disable_interrupts() {
    aarch32_cpu::interrupt::disable();
}

define_reserve!(
    "ldrex  {value}, [{word}]",
    "ldr    {at_load}, [{count}]",
    "2:",
    "subs   {turns}, {turns}, #1",
    "bne    2b",
    "ldr    {at_store}, [{count}]",
    "strex  {failed}, {value}, [{word}]",
);

/// What the vector table's code calls with an IRQ, on the interrupted code's stack.
pub(super) extern "C" fn handle() {
    gic::handle(TIMER_INTERRUPT, timer_expired);
}
