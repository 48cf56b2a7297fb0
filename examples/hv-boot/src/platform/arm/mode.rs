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
//! | `set_timer`, `disable_timer` | the mode's own timer |

#[cfg_attr(feature = "arm-hyp", path = "mode/hyp.rs")]
#[cfg_attr(not(feature = "arm-hyp"), path = "mode/svc.rs")]
mod imp;

use core::arch::asm;

pub(super) use self::imp::{
    CONTROL_OFF, CONTROL_ON, OPC1, REGIME, disable_timer, fault, interrupt, prepare, set_timer,
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

/// The entries of the vector table.
#[derive(Clone, Copy)]
pub(super) enum Vector {
    Reset,
    Undefined,
    Call,
    PrefetchAbort,
    DataAbort,
    HypTrap,
    Irq,
    Fiq,
}

impl Vector {
    pub(super) const ALL: [Self; 8] = [
        Self::Reset,
        Self::Undefined,
        Self::Call,
        Self::PrefetchAbort,
        Self::DataAbort,
        Self::HypTrap,
        Self::Irq,
        Self::Fiq,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Undefined => "undefined instruction",
            Self::Call => "supervisor or hypervisor call",
            Self::PrefetchAbort => "prefetch abort",
            Self::DataAbort => "data abort",
            Self::HypTrap => "trap to Hyp mode",
            Self::Irq => "IRQ",
            Self::Fiq => "FIQ",
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

/// The body of an entry for interrupts: saves on the current stack what a function may change, counts, calls one,
/// and goes back.
macro_rules! entry {
    ([$($before:literal),*], $handle:path, [$($back:literal),*]) => {
        naked_asm!(
            $($before,)*
            "push   {{r0-r3, r12, lr}}",
            // A function wants a stack aligned to 8, which the interrupted code need not have now.
            "and    r0, sp, #4",
            "sub    sp, sp, r0",
            "push   {{r0, r1}}",
            percpu_hv::add_this_cpu!(TAKEN, 1, r1, r2, r3),
            "bl     {handle}",
            "pop    {{r0, r1}}",
            "add    sp, sp, r0",
            // A return does not end what the interrupted code holds exclusively ("Context switch support").
            "clrex",
            "pop    {{r0-r3, r12, lr}}",
            $($back,)*
            handle = sym $handle,
            TAKEN = sym __PERCPU_TAKEN,
            TAKEN_form = const TAKEN.form(),
        )
    };
}
use entry;
