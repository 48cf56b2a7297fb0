//! Supervisor mode at PL1.

use core::arch::naked_asm;

use aarch32_cpu::register::{CntpCtl, CntpTval, Dfar, Dfsr, Ifar, Ifsr};

use super::{Fault, Vector, entry};
use crate::platform::{__PERCPU_TAKEN, TAKEN, common::tables::Regime};

/// PL1's: XN keeps everyone from executing ("Long-descriptor translation table format").
pub(in super::super) const REGIME: Regime = Regime {
    always: 0,
    no_execute: 1 << 54,
    no_user_execute: 0,
};

/// SCTLR, TTBCR and so on.
pub(in super::super) const OPC1: u32 = 0;
pub(in super::super) const CONTROL_OFF: u32 = 0x00c5_0078;
/// Branch prediction.
pub(in super::super) const CONTROL_ON: u32 = 1 << 11;

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
        sctlr_low = const CONTROL_OFF & 0xffff,
        sctlr_high = const CONTROL_OFF >> 16,
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
    entry!(
        ["sub    lr, lr, #4", "srsdb  sp!, #0x13", "cps    #0x13"],
        super::super::interrupts::handle,
        ["rfeia  sp!"]
    )
}

/// Sets the timer, and switches it on.
pub(in super::super) fn set_timer(delay: u32) {
    CntpTval::write(CntpTval(delay));
    CntpCtl::write(CntpCtl::new_with_raw_value(1));
}

/// Switches the timer off.
pub(in super::super) fn disable_timer() {
    CntpCtl::write(CntpCtl::new_with_raw_value(0));
}
