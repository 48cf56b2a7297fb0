//! The generic timer (D12): its counter, and the running level's own timer.

use core::arch::asm;

use aarch64_cpu::registers::{
    CNTFRQ_EL0, CNTHP_CTL_EL2, CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTPCT_EL0, Readable, Writeable,
};
use arm_gic::IntId;

use super::{
    gic,
    level::{Level, level},
};

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    CNTPCT_EL0.get()
}

/// Its frequency in hertz, as the firmware set it.
pub(crate) fn ticks_per_second() -> u64 {
    CNTFRQ_EL0.get()
}

/// The interrupt of this level's physical timer (Arm Base System Architecture, DEN 0094, "PPI assignments").
pub(super) fn interrupt() -> IntId {
    match level() {
        Level::El2 => IntId::ppi(10),
        _ => IntId::ppi(14),
    }
}

/// Lets the timer interrupt this core, once it is set.
pub(crate) fn enable_timer() {
    gic::enable(interrupt());
}

/// Switches the timer off.
pub(crate) fn disable_timer() {
    match level() {
        Level::El2 => CNTHP_CTL_EL2.set(0),
        _ => CNTP_CTL_EL0.set(0),
    }
}

/// Interrupts this core after `delay`; a timer that has expired stops its interrupt.
pub(crate) fn set_timer(delay: u64) {
    let end = ticks().saturating_add(delay);
    match level() {
        Level::El2 => {
            // SAFETY: rule 10: this level has the register, and writing it touches no memory.
            unsafe {
                asm!("msr cnthp_cval_el2, {}", in(reg) end, options(nomem, nostack, preserves_flags));
            }
            CNTHP_CTL_EL2.write(CNTHP_CTL_EL2::ENABLE::SET);
        }
        _ => {
            CNTP_CVAL_EL0.set(end);
            CNTP_CTL_EL0.write(CNTP_CTL_EL0::ENABLE::SET);
        }
    }
}
