//! Hyp mode at PL2.

use core::arch::{asm, naked_asm};

use aarch32_cpu::register::{CnthpCtl, CnthpTval, Hdfar, Hifar, Hsr};

use super::{Fault, Mode, Vector, entry};
use crate::platform::{__PERCPU_TAKEN, TAKEN, common::tables::Regime};

/// PL2's, which is alone in its regime: AP\[1\] is RES1 ("Long-descriptor translation table format").
pub(in super::super) const REGIME: Regime = Regime {
    always: 1 << 6,
    no_execute: 1 << 54,
    no_user_execute: 0,
};

/// HSCTLR, HTCR and so on.
pub(in super::super) const OPC1: u32 = 4;
pub(in super::super) const CONTROL_OFF: u32 = 0x30c5_0878;
pub(in super::super) const CONTROL_ON: u32 = 0;

/// Puts the system registers into a known state: interrupts masked, MMU off, exceptions to the vector table. In any
/// other mode it does nothing: `boot` refuses that one. Uses r1, and no stack.
#[unsafe(naked)]
pub(in super::super) extern "C" fn prepare() {
    naked_asm!(
        "cpsid  if",
        "mrs    r1, cpsr",
        "and    r1, r1, #0x1f",
        "cmp    r1, #{hyp}",
        "bxne   lr",
        "movw   r1, #:lower16:hv_boot_vectors",
        "movt   r1, #:upper16:hv_boot_vectors",
        "mcr    p15, 4, r1, c12, c0, 0", // HVBAR
        // Interrupts are Hyp mode's (IMO); nothing of the guest's is trapped or translated.
        "mov    r1, #(1 << 4)",
        "mcr    p15, 4, r1, c1, c1, 0", // HCR
        "movw   r1, #{hsctlr_low}",
        "movt   r1, #{hsctlr_high}",
        "mcr    p15, 4, r1, c1, c0, 0", // HSCTLR
        "isb",
        // An asynchronous abort is reported from here on.
        "cpsie  a",
        "bx     lr",
        hyp = const Mode::HYP_BITS,
        hsctlr_low = const CONTROL_OFF & 0xffff,
        hsctlr_high = const CONTROL_OFF >> 16,
    )
}

/// Hyp mode has no LR of its own for exceptions: `ELR_hyp` holds the instruction's address.
pub(in super::super) fn fault(vector: Vector, _link: u32) -> Fault {
    let pc;
    // SAFETY: rule 10: this image runs in Hyp mode, where the register is readable.
    unsafe {
        asm!(
            ".arch_extension virt",
            "mrs {}, elr_hyp",
            ".arch_extension novirt",
            out(reg) pc,
            options(nomem, nostack, preserves_flags)
        );
    }
    Fault {
        status: ("HSR", Hsr::read().raw_value()),
        address: match vector {
            Vector::PrefetchAbort => Hifar::read().0,
            Vector::DataAbort => Hdfar::read().0,
            _ => 0,
        },
        pc,
    }
}

/// Stays in Hyp mode, which has its return address in ELR_hyp and shares LR with the interrupted code.
#[unsafe(naked)]
pub(in super::super) extern "C" fn interrupt() {
    entry!(
        [],
        super::super::interrupts::handle,
        [".arch_extension virt", "eret", ".arch_extension novirt"]
    )
}

/// Sets the timer, and switches it on.
pub(in super::super) fn set_timer(delay: u32) {
    CnthpTval::write(CnthpTval(delay));
    CnthpCtl::write(CnthpCtl::new_with_raw_value(1));
}

/// Switches the timer off.
pub(in super::super) fn disable_timer() {
    CnthpCtl::write(CnthpCtl::new_with_raw_value(0));
}
