//! The processor mode, and what the image's own needs: each file defines
//!
//! | name | what |
//! |---|---|
//! | `prepare` | puts the mode's system registers into a known state |
//! | `REGIME` | the mode's translation tables |
//! | `OPC1` | which copy of the system registers is the mode's: `opc1` of their names |
//! | `CONTROL_OFF` | the mode's `SCTLR` with MMU and caches off |
//! | `CONTROL_ON` | what is set in it besides MMU and caches |
//! | `fault` | what the fault registers say of an exception |
//! | `interrupt` | where the vector table leads an IRQ: saves registers around `interrupts::handle` |
//! | `TIMER_INTERRUPT`, `set_timer`, `disable_timer` | the mode's own timer |

#[cfg_attr(feature = "arm-hyp", path = "mode/hyp.rs")]
#[cfg_attr(not(feature = "arm-hyp"), path = "mode/svc.rs")]
mod imp;

use core::arch::{asm, naked_asm};

pub(super) use self::imp::{
    REGIME, TIMER_INTERRUPT, disable_timer, fault, interrupt, prepare, set_timer,
};
use crate::platform::common::tables::{MAIR, TABLES};

/// A processor mode ("ARM processor modes").
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Svc,
    Hyp,
    /// One of those that exceptions are taken to, or where no image runs.
    Other,
}

impl Mode {
    /// The mode that the image is for.
    pub(super) const WANTED: Self = if cfg!(feature = "arm-hyp") {
        Self::Hyp
    } else {
        Self::Svc
    };

    /// `CPSR.M` of Hyp mode.
    pub(super) const HYP_BITS: u32 = 0x1a;

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Svc => "SVC",
            Self::Hyp => "Hyp",
            Self::Other => "another mode",
        }
    }

    /// The mode that the running core is in.
    pub(super) fn current() -> Self {
        let status: u32;
        // SAFETY: rule 10: the CPSR is readable in every mode.
        unsafe {
            asm!("mrs {}, cpsr", out(reg) status, options(nomem, nostack, preserves_flags));
        }
        match status & 0x1f {
            0x13 => Self::Svc,
            Self::HYP_BITS => Self::Hyp,
            _ => Self::Other,
        }
    }
}

/// What the hardware says of an exception.
pub(super) struct Fault {
    /// The fault status or syndrome register, and its name.
    pub(super) status: (&'static str, u32),
    /// The address that could not be accessed, if the exception is an abort.
    pub(super) address: u32,
    /// The instruction.
    pub(super) pc: u32,
}

/// `SCTLR` and `HSCTLR`: MMU, caches, and no execution of writable memory; the same bits in both.
const CONTROL: u32 = imp::CONTROL_OFF | imp::CONTROL_ON | 1 << 0 | 1 << 2 | 1 << 12 | 1 << 19;

/// `TTBCR` and `HTCR`: long descriptors for all 32 bits from one table, tables cached and shared. Bits 23 and 31 are
/// RES1 in `HTCR`; in `TTBCR` they switch TTBR1's walks off, and choose the format.
const TRANSLATION_CONTROL: u32 = 1 << 31 | 1 << 23 | 0b11 << 12 | 0b01 << 10 | 0b01 << 8;

/// Turns MMU and caches on with the tables that the boot core built. Uses r1 to r3, and no memory but the tables.
#[unsafe(naked)]
pub(super) extern "C" fn enable_mmu() {
    naked_asm!(
        "movw   r1, #:lower16:{tables}",
        "movt   r1, #:upper16:{tables}",
        "mov    r2, #0",
        "movw   r3, #{mair}",
        // What the boot core wrote to the tables is there before a walk reads it.
        "dsb",
        "mcr    p15, {opc1}, r3, c10, c2, 0", // MAIR0, HMAIR0
        "movw   r3, #{translation_low}",
        "movt   r3, #{translation_high}",
        "mcr    p15, {opc1}, r3, c2, c0, 2", // TTBCR, HTCR
        "mcrr   p15, {opc1}, r1, r2, c2", // TTBR0, HTTBR
        "isb",
        "mcr    p15, {opc1}, r2, c8, c7, 0", // TLBIALL, TLBIALLH
        "mcr    p15, 0, r2, c7, c5, 0", // ICIALLU
        "mcr    p15, 0, r2, c7, c5, 6", // BPIALL
        "dsb",
        "isb",
        "movw   r1, #{control_low}",
        "movt   r1, #{control_high}",
        "mcr    p15, {opc1}, r1, c1, c0, 0", // SCTLR, HSCTLR
        "isb",
        "bx     lr",
        tables = sym TABLES,
        opc1 = const imp::OPC1,
        mair = const MAIR,
        translation_low = const TRANSLATION_CONTROL & 0xffff,
        translation_high = const TRANSLATION_CONTROL >> 16,
        control_low = const CONTROL & 0xffff,
        control_high = const CONTROL >> 16,
    )
}

/// The body of an entry for interrupts: saves on the current stack what a function may change, calls one, and goes
/// back.
macro_rules! entry {
    ([$($before:literal),*], $handle:path, [$($back:literal),*]) => {
        naked_asm!(
            $($before,)*
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
            $($back,)*
            handle = sym $handle,
        )
    };
}
use entry;
