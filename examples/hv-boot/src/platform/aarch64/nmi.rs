//! Non-maskable interrupts (FEAT_NMI and FEAT_GICv3_NMI): IRQs with Superpriority, which `PSTATE.I` does not mask.

use core::arch::asm;

use super::{
    gic,
    level::{Level, level},
};
use crate::platform::nmi_taken;

/// `ID_AA64PFR1_EL1.NMI`: whether the core has them.
fn is_there() -> bool {
    let features: u64;
    // SAFETY: rule 10: an identification register, which every core has.
    unsafe {
        asm!("mrs {}, id_aa64pfr1_el1", out(reg) features, options(nomem, nostack, preserves_flags));
    }
    features >> 36 & 0xf != 0
}

/// Interrupts this core, if it has such interrupts.
pub(crate) fn send_nmi() -> bool {
    if !is_there() {
        return false;
    }
    // SCTLR_ELx.NMI without SPINTMASK, then PSTATE.ALLINT, which an exception sets and its `eret` restores.
    macro_rules! unmask {
        ($sctlr:literal) => {
            // SAFETY: rule 10: the core has the bits. Not `nomem`: a handler sees what was written before.
            unsafe {
                asm!(
                    concat!("mrs {value}, ", $sctlr),
                    "orr    {value}, {value}, #(1 << 61)",
                    "bic    {value}, {value}, #(1 << 62)",
                    concat!("msr ", $sctlr, ", {value}"),
                    // PSTATE.ALLINT, by its encoding.
                    "msr    S3_0_C4_C3_0, xzr",
                    "isb",
                    value = out(reg) _,
                    options(nostack, preserves_flags)
                );
            }
        };
    }
    match level() {
        Level::El2 => unmask!("sctlr_el2"),
        _ => unmask!("sctlr_el1"),
    }
    gic::send_nmi();
    true
}

/// Handles the IRQ that this core took if it is such an interrupt; says whether it is.
pub(super) fn handle() -> bool {
    let pending: u64;
    // SAFETY: rule 10. Not `pure`: it changes. ISR_EL1.IS is RES0 on cores without such interrupts.
    unsafe {
        asm!("mrs {}, isr_el1", out(reg) pending, options(nomem, nostack, preserves_flags));
    }
    if pending & 1 << 10 == 0 {
        return false;
    }
    let taken: u64;
    // SAFETY: rule 10: ICC_NMIAR1_EL1, by its encoding. Not `nomem`: what the sender wrote is read afterwards.
    unsafe {
        asm!("mrs {}, S3_0_C12_C9_5", "dsb sy", out(reg) taken, options(nostack, preserves_flags));
    }
    assert!(nmi_taken(), "a non-maskable interrupt that nobody awaits");
    gic::end_nmi(taken as u32);
    true
}
