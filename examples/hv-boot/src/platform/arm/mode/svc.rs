//! Supervisor mode at PL1.

use core::arch::naked_asm;

use aarch32_cpu::register::{CntpCtl, CntpTval, Dfar, Dfsr, Ifar, Ifsr};
use arm_gic::IntId;

use super::{CONTROL_ON, Fault, TRANSLATION_CONTROL};
use crate::platform::{
    common::tables::{MAIR, Regime, TABLES},
    imp::{exceptions::Vector, interrupts},
};

/// PL1's: XN keeps everyone from executing ("Long-descriptor translation table format").
pub(in super::super) const REGIME: Regime = Regime {
    always: 0,
    no_execute: 1 << 54,
    no_user_execute: 0,
};

/// `SCTLR` with MMU and caches off.
const SCTLR_OFF: u32 = 0x00c5_0078;
/// `SCTLR.Z`: branch prediction.
const SCTLR_Z: u32 = 1 << 11;

/// Puts the system registers into a known state: interrupts masked, MMU off, exceptions to the vector table. Uses r1,
/// and no stack.
#[unsafe(naked)]
pub(in super::super) extern "C" fn prepare() {
    naked_asm!(
        "cpsid  if",
        "movw   r1, #:lower16:hv_boot_vectors",
        "movt   r1, #:upper16:hv_boot_vectors",
        "mcr    p15, 0, r1, c12, c0, 0", // VBAR
        "movw   r1, #{sctlr_low}",
        "movt   r1, #{sctlr_high}",
        "mcr    p15, 0, r1, c1, c0, 0", // SCTLR
        "isb",
        // An asynchronous abort is reported from here on.
        "cpsie  a",
        "bx     lr",
        sctlr_low = const SCTLR_OFF & 0xffff,
        sctlr_high = const SCTLR_OFF >> 16,
    )
}

/// Turns MMU and caches on with the tables that the boot core built. Uses r1 to r3, and no memory but the tables.
#[unsafe(naked)]
pub(in super::super) extern "C" fn enable_mmu() {
    naked_asm!(
        "movw   r1, #:lower16:{tables}",
        "movt   r1, #:upper16:{tables}",
        "mov    r2, #0",
        "movw   r3, #{mair}",
        // What the boot core wrote to the tables is there before a walk reads it.
        "dsb",
        "mcr    p15, 0, r3, c10, c2, 0", // MAIR0
        "movw   r3, #{ttbcr_low}",
        "movt   r3, #{ttbcr_high}",
        "mcr    p15, 0, r3, c2, c0, 2", // TTBCR
        "mcrr   p15, 0, r1, r2, c2", // TTBR0
        "isb",
        "mcr    p15, 0, r2, c8, c7, 0", // TLBIALL
        "mcr    p15, 0, r2, c7, c5, 0", // ICIALLU
        "mcr    p15, 0, r2, c7, c5, 6", // BPIALL
        "dsb",
        "isb",
        "movw   r1, #{sctlr_low}",
        "movt   r1, #{sctlr_high}",
        "mcr    p15, 0, r1, c1, c0, 0", // SCTLR
        "isb",
        "bx     lr",
        tables = sym TABLES,
        mair = const MAIR,
        ttbcr_low = const TRANSLATION_CONTROL & 0xffff,
        ttbcr_high = const TRANSLATION_CONTROL >> 16,
        sctlr_low = const (SCTLR_OFF | CONTROL_ON | SCTLR_Z) & 0xffff,
        sctlr_high = const (SCTLR_OFF | CONTROL_ON | SCTLR_Z) >> 16,
    )
}

/// `link` is the LR of the mode that took the exception, ahead of the instruction by so much ("Link values saved on
/// exception entry").
pub(in super::super) fn fault(vector: Vector, link: u32) -> Fault {
    let (status, address, ahead) = match vector {
        Vector::PrefetchAbort => (("IFSR", Ifsr::read().raw_value()), Ifar::read().0, 4),
        Vector::DataAbort => (("DFSR", Dfsr::read().raw_value()), Dfar::read().0, 8),
        _ => (("DFSR", 0), 0, 4),
    };
    Fault {
        status,
        address,
        pc: link.wrapping_sub(ahead),
    }
}

/// Goes from IRQ mode to the interrupted code's mode and stack. The CPSR's exception mask bits stay as they are.
#[unsafe(naked)]
pub(in super::super) extern "C" fn interrupt() {
    naked_asm!(
        "sub    lr, lr, #4",
        "srsdb  sp!, #0x13",
        "cps    #0x13",
        "push   {{r0-r3, r12, lr}}",
        // A function wants a stack aligned to 8, which the interrupted code need not have now.
        "and    r0, sp, #4",
        "sub    sp, sp, r0",
        "push   {{r0, r1}}",
        "bl     {handle}",
        "pop    {{r0, r1}}",
        "add    sp, sp, r0",
        // A return does not end what the interrupted code holds exclusively ("Context switch support").
        "clrex",
        "pop    {{r0-r3, r12, lr}}",
        "rfeia  sp!",
        handle = sym interrupts::handle,
    )
}

/// The timer's interrupt (Arm Base System Architecture, DEN 0094, "PPI assignments").
pub(in super::super) const TIMER_INTERRUPT: IntId = IntId::ppi(14);

/// Sets the timer, and switches it on.
pub(in super::super) fn set_timer(delay: u32) {
    CntpTval::write(CntpTval(delay));
    CntpCtl::write(CntpCtl::new_with_raw_value(1));
}

/// Switches the timer off.
pub(in super::super) fn disable_timer() {
    CntpCtl::write(CntpCtl::new_with_raw_value(0));
}
