//! Taking interrupts.

use core::arch::{asm, naked_asm};

use loongArch64::register::estat;

use super::{ipi, timer};
use crate::platform::{__PERCPU_TAKEN, TAKEN, common::reserve::define_reserve, timer_expired};

/// `CSR.CRMD.IE` ("Current Mode Information").
const ENABLE: usize = 1 << 2;

/// Unmasks interrupts.
pub(crate) fn enable_interrupts() {
    set_enable(ENABLE);
}

/// Masks interrupts.
pub(crate) fn disable_interrupts() {
    set_enable(0);
}

fn set_enable(value: usize) {
    // SAFETY: rule 10. Not `nomem`: handlers see what was written before, and what they write is seen after. The
    // mask cannot be in `$ra`.
    unsafe {
        asm!(
            "csrxchg {}, $a1, 0x0",
            inout(reg) value => _,
            in("$a1") ENABLE,
            options(nostack, preserves_flags)
        );
    }
}

define_reserve!(
    "ll.d   {value}, {word}, 0",
    "ld.d   {at_load}, {count}, 0",
    "2:",
    "addi.d {turns}, {turns}, -1",
    "bnez   {turns}, 2b",
    "ld.d   {at_store}, {count}, 0",
    // The value's register gets 1 if it was stored.
    "sc.d   {value}, {word}, 0",
    "xori   {failed}, {value}, 1",
);

/// Where the exception entry leads interrupts: saves what a function may change on the interrupted code's stack. Any
/// exception below is reported and final, so that ERA and PRMD need no saving; `$r21` stays the core's. `ertn` ends
/// what the interrupted code has linked by `ll` (`CSR.LLBCTL.KLO` is 0).
#[unsafe(naked)]
pub(super) extern "C" fn entry() {
    naked_asm!(
        ".macro registers instruction",
        "\\instruction $ra, $sp, 0",
        "\\instruction $a0, $sp, 8",
        "\\instruction $a1, $sp, 16",
        "\\instruction $a2, $sp, 24",
        "\\instruction $a3, $sp, 32",
        "\\instruction $a4, $sp, 40",
        "\\instruction $a5, $sp, 48",
        "\\instruction $a6, $sp, 56",
        "\\instruction $a7, $sp, 64",
        "\\instruction $t0, $sp, 72",
        "\\instruction $t1, $sp, 80",
        "\\instruction $t2, $sp, 88",
        "\\instruction $t3, $sp, 96",
        "\\instruction $t4, $sp, 104",
        "\\instruction $t5, $sp, 112",
        "\\instruction $t6, $sp, 120",
        "\\instruction $t7, $sp, 128",
        "\\instruction $t8, $sp, 136",
        ".endm",
        "addi.d $sp, $sp, -144",
        "registers st.d",
        percpu_hv::add_this_cpu!(TAKEN, 1, t0, t1),
        "bl     {handle}",
        "registers ld.d",
        "addi.d $sp, $sp, 144",
        "ertn",
        ".purgem registers",
        handle = sym handle,
        TAKEN = sym __PERCPU_TAKEN,
        TAKEN_form = const TAKEN.form(),
    )
}

extern "C" fn handle() {
    if estat::read().is() & timer::INTERRUPT != 0 {
        timer::forget_interrupt();
        timer_expired();
    } else {
        // It came while nobody waited for an event.
        ipi::forget_event();
    }
}
