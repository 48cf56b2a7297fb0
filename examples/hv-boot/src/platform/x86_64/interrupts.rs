//! Taking interrupts.

use core::{arch::naked_asm, sync::atomic::AtomicUsize};

use x86_64::instructions::{interrupts, port::Port};

use super::apic;
use crate::platform::{__PERCPU_TAKEN, Reservation, TAKEN, timer_expired};

/// Masks what the firmware left on: both 8259 controllers of a PC, by their data ports (ACPI
/// Specification, "Multiple APIC Flags").
///
/// # Safety
///
/// Called by the boot core, before any other core runs.
pub(super) unsafe fn mask_firmware() {
    for port in [0x21, 0xa1] {
        // SAFETY: rule 12: a PC has them there, and the firmware does not need them any more.
        unsafe { Port::<u8>::new(port).write(0xff) };
    }
}

/// Unmasks interrupts.
pub(crate) fn enable_interrupts() {
    interrupts::enable();
}

/// Masks interrupts.
pub(crate) fn disable_interrupts() {
    interrupts::disable();
}

/// None: one instruction loads and stores.
pub(crate) fn reserve(_: &AtomicUsize, _: &AtomicUsize, _: usize) -> Option<Reservation> {
    None
}

/// Where the descriptor table leads the timer's interrupt, on the interrupted code's stack, which the CPU has aligned
/// to 16 before it pushed five words ("64-Bit Mode Stack Frame"): saves what a function may change. Interrupted
/// code is always the image's own, so GS_BASE is this core's.
#[unsafe(naked)]
pub(super) extern "C" fn timer() {
    naked_asm!(
        "push   rax",
        "push   rcx",
        "push   rdx",
        "push   rsi",
        "push   rdi",
        "push   r8",
        "push   r9",
        "push   r10",
        "push   r11",
        "cld",
        percpu_hv::add_this_cpu!(TAKEN, 1),
        "call   {handle}",
        "pop    r11",
        "pop    r10",
        "pop    r9",
        "pop    r8",
        "pop    rdi",
        "pop    rsi",
        "pop    rdx",
        "pop    rcx",
        "pop    rax",
        "iretq",
        handle = sym handle,
        TAKEN = sym __PERCPU_TAKEN,
        TAKEN_form = const TAKEN.form(),
    )
}

/// Where the descriptor table leads a spurious interrupt, which ends without the APIC.
#[unsafe(naked)]
pub(super) extern "C" fn spurious() {
    naked_asm!("iretq")
}

extern "C" fn handle() {
    timer_expired();
    apic::end_interrupt();
}
