//! Code that runs in single steps ("Software Step exceptions").

use core::arch::asm;

use aarch64_cpu::registers::{
    DAIF, ESR_EL1, ESR_EL2, MDCR_EL2, MDSCR_EL1, OSLAR_EL1, ReadWriteable, Readable, SPSR_EL1,
    SPSR_EL2, Writeable,
};

use super::level::{Level, level};
use crate::platform::stepped;

/// `ESR_ELx.EC` of a step of the level's own code ("ESR_EL1").
const STEP_OF_THE_SAME_LEVEL: u64 = 0x33;

/// Runs `f` with an exception before each of its instructions, which calls [`stepped`], and says whether `f` left
/// IRQs unmasked.
pub(crate) fn step(f: &mut dyn FnMut()) -> Option<bool> {
    // Without the OS lock, which is on after a reset, and to the running level.
    OSLAR_EL1.set(0);
    if level() == Level::El2 {
        MDCR_EL2.modify(MDCR_EL2::TDE::RouteToEL2Or1);
    }
    MDSCR_EL1
        .modify(MDSCR_EL1::SS::SoftwareStepEnabled + MDSCR_EL1::KDE::AllDebugExceptionsEnabled);
    // SAFETY: rule 10: each step goes on where it came. Not `nomem`: the handler sees what was written before.
    unsafe {
        asm!(
            "isb",
            "msr daifclr, #0b1000",
            options(nostack, preserves_flags)
        )
    };
    f();
    // SAFETY: rule 10, as above.
    unsafe { asm!("msr daifset, #0b1000", options(nostack, preserves_flags)) };
    MDSCR_EL1.modify(MDSCR_EL1::SS::SoftwareStepDisabled);
    Some(!DAIF.is_set(DAIF::I))
}

/// Handles the synchronous exception that this core took if it is a step; says whether it is.
pub(super) fn handle() -> bool {
    let level = level();
    let class = match level {
        Level::El1 => ESR_EL1.read(ESR_EL1::EC),
        _ => ESR_EL2.read(ESR_EL2::EC),
    };
    if class != STEP_OF_THE_SAME_LEVEL {
        return false;
    }
    stepped();
    // One instruction after the return.
    match level {
        Level::El1 => SPSR_EL1.modify(SPSR_EL1::SS.val(1)),
        _ => SPSR_EL2.modify(SPSR_EL2::SS.val(1)),
    }
    true
}
