//! Taking interrupts.

use core::arch::{asm, naked_asm};

use super::{gic, timer};
use crate::platform::{__PERCPU_TAKEN, TAKEN, common::reserve::define_reserve, timer_expired};

/// Unmasks IRQs.
pub(crate) fn enable_interrupts() {
    // SAFETY: rule 10. Not `nomem`: handlers see what was written before, and what they write is seen after.
    unsafe { asm!("msr daifclr, #0b0010", options(nostack, preserves_flags)) };
}

/// Masks IRQs.
pub(crate) fn disable_interrupts() {
    // SAFETY: rule 10. Not `nomem`: as above.
    unsafe { asm!("msr daifset, #0b0010", options(nostack, preserves_flags)) };
}

define_reserve!(
    "ldxr   {value}, [{word}]",
    "ldr    {at_load}, [{count}]",
    "2:",
    "subs   {turns}, {turns}, #1",
    "b.ne   2b",
    "ldr    {at_store}, [{count}]",
    "stxr   {failed:w}, {value}, [{word}]",
);

/// The body of an entry that returns: saves on the current stack what a function may change, runs a template with its
/// operands, calls a function, and goes back.
/// Any exception below is reported and final, so that ELR and SPSR need no saving. `eret` ends what the interrupted
/// code holds exclusively ("Context switch support").
macro_rules! entry {
    ($($before:literal,)? $handle:path $(, $template:expr, $($operand:tt)+)?) => {
        naked_asm!(
            $($before,)?
            "stp    x29, x30, [sp, #-176]!",
            "stp    x0, x1, [sp, #16]",
            "stp    x2, x3, [sp, #32]",
            "stp    x4, x5, [sp, #48]",
            "stp    x6, x7, [sp, #64]",
            "stp    x8, x9, [sp, #80]",
            "stp    x10, x11, [sp, #96]",
            "stp    x12, x13, [sp, #112]",
            "stp    x14, x15, [sp, #128]",
            "stp    x16, x17, [sp, #144]",
            "str    x18, [sp, #160]",
            $($template,)?
            "bl     {handle}",
            "ldp    x0, x1, [sp, #16]",
            "ldp    x2, x3, [sp, #32]",
            "ldp    x4, x5, [sp, #48]",
            "ldp    x6, x7, [sp, #64]",
            "ldp    x8, x9, [sp, #80]",
            "ldp    x10, x11, [sp, #96]",
            "ldp    x12, x13, [sp, #112]",
            "ldp    x14, x15, [sp, #128]",
            "ldp    x16, x17, [sp, #144]",
            "ldr    x18, [sp, #160]",
            "ldp    x29, x30, [sp], #176",
            "eret",
            handle = sym $handle,
            $($($operand)+)?
        )
    };
}
pub(super) use entry;

/// Where the vector table leads an IRQ, which goes to the interrupted code's stack, SP_EL0.
#[unsafe(naked)]
pub(super) extern "C" fn irq() {
    entry!(
        "msr    spsel, #0",
        handle,
        percpu_hv::add_this_cpu!(TAKEN, 1, x0, x1, x2),
        TAKEN = sym __PERCPU_TAKEN,
        TAKEN_form = const TAKEN.form(),
    )
}

extern "C" fn handle() {
    gic::handle(timer::interrupt(), timer_expired);
}
