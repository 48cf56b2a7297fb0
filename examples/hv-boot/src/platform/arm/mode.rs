//! The processor mode, and what the image's own needs: each file defines
//!
//! | name | what |
//! |---|---|
//! | `prepare` | puts the mode's system registers into a known state |
//! | `enable_mmu` | turns MMU and caches on |
//! | `REGIME` | the mode's translation tables |
//! | `fault` | what the fault registers say of an exception |
//! | `interrupt` | where the vector table leads an IRQ: saves registers around `interrupts::handle` |
//! | `TIMER_INTERRUPT`, `set_timer`, `disable_timer` | the mode's own timer |

#[cfg_attr(feature = "arm-hyp", path = "mode/hyp.rs")]
#[cfg_attr(not(feature = "arm-hyp"), path = "mode/svc.rs")]
mod imp;

use core::arch::asm;

pub(super) use self::imp::{
    REGIME, TIMER_INTERRUPT, disable_timer, enable_mmu, fault, interrupt, prepare, set_timer,
};

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
const CONTROL_ON: u32 = 1 << 0 | 1 << 2 | 1 << 12 | 1 << 19;

/// `TTBCR` and `HTCR`: long descriptors for all 32 bits from one table, tables cached and shared. Bits 23 and 31 are
/// RES1 in `HTCR`; in `TTBCR` they switch TTBR1's walks off, and choose the format.
const TRANSLATION_CONTROL: u32 = 1 << 31 | 1 << 23 | 0b11 << 12 | 0b01 << 10 | 0b01 << 8;
