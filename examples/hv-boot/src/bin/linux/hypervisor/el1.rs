//! The guest's system registers, as EL2 reaches them, and exceptions that the guest takes at EL1.

use core::arch::asm;

use aarch64_cpu::registers::{ESR_EL2, SPSR_EL2};

use super::vcpu::{EL1H_MASKED, Vcpu};

/// The name by which EL2 reaches a register of EL1. With host extensions the usual one means EL2's own, and the
/// assembler knows the other one by number only ("System register redirection").
#[cfg(not(feature = "vhe"))]
macro_rules! name {
    ($usual:literal, $_with_e2h:literal) => {
        $usual
    };
}
#[cfg(feature = "vhe")]
macro_rules! name {
    ($_usual:literal, $with_e2h:literal) => {
        $with_e2h
    };
}

macro_rules! registers {
    ($($register:ident = $($name:literal)or+;)*) => {$(
        struct $register;

        #[allow(dead_code, reason = "some are only read, others only written")]
        impl $register {
            fn get() -> u64 {
                let value: u64;
                // SAFETY: rule 10: reading the guest's register has no effect.
                unsafe {
                    asm!(
                        concat!("mrs {}, ", name!($($name),+)),
                        out(reg) value,
                        options(nomem, nostack, preserves_flags)
                    )
                };
                value
            }

            fn set(value: u64) {
                // SAFETY: rule 10: the guest's register changes nothing at EL2.
                unsafe {
                    asm!(
                        concat!("msr ", name!($($name),+), ", {}"),
                        in(reg) value,
                        options(nomem, nostack, preserves_flags)
                    )
                };
            }
        }
    )*};
}

registers! {
    Sctlr = "sctlr_el1" or "s3_5_c1_c0_0";
    Spsr = "spsr_el1" or "s3_5_c4_c0_0";
    Elr = "elr_el1" or "s3_5_c4_c0_1";
    Esr = "esr_el1" or "s3_5_c5_c2_0";
    Far = "far_el1" or "s3_5_c6_c0_0";
    Vbar = "vbar_el1" or "s3_5_c12_c0_0";
}

/// `SCTLR_EL1` with MMU and caches off: its RES1 bits.
const SCTLR_OFF: u64 = 0x30d0_0800;
/// `SCTLR_EL1.SPAN`: an exception leaves PSTATE.PAN as it is.
const SPAN: u64 = 1 << 23;
/// PSTATE.PAN, where an SPSR has it.
const PAN: u64 = 1 << 22;

/// Puts the registers into the state in which a core starts: its MMU is off.
pub(super) fn reset() {
    Sctlr::set(SCTLR_OFF);
}

/// Why the guest takes an exception.
pub(super) enum Cause {
    /// It ran an instruction that does not exist.
    Undefined,
    /// Nothing answers at a virtual address, to an access or to the fetch of an instruction.
    ExternalAbort { fetch: bool, address: u64 },
}

/// `ESR_EL1`: the instruction has 32 bits; an external abort, not of a table walk ("ESR_EL1", "ISS encoding for an
/// exception from a Data Abort").
const IL: u64 = 1 << 25;
const SYNCHRONOUS_EXTERNAL_ABORT: u64 = 0b01_0000;

/// Makes the guest take an exception at EL1 instead of going on ("AArch64.TakeException").
pub(super) fn inject(vcpu: &mut Vcpu, cause: Cause) {
    let level = vcpu.pstate & (SPSR_EL2::M.mask | AARCH32);
    let at_el0 = level == SPSR_EL2::M::EL0t.value || level & AARCH32 != 0;
    let syndrome = match cause {
        Cause::Undefined => class(ESR_EL2::EC::Value::Unknown),
        Cause::ExternalAbort { fetch, address } => {
            Far::set(address);
            let class = class(match (fetch, at_el0) {
                (true, true) => ESR_EL2::EC::Value::InstrAbortLowerEL,
                (true, false) => ESR_EL2::EC::Value::InstrAbortCurrentEL,
                (false, true) => ESR_EL2::EC::Value::DataAbortLowerEL,
                (false, false) => ESR_EL2::EC::Value::DataAbortCurrentEL,
            });
            class | SYNCHRONOUS_EXTERNAL_ABORT
        }
    };
    Esr::set(syndrome | IL);
    Elr::set(vcpu.pc);
    Spsr::set(vcpu.pstate);
    // "Exception vectors".
    let vector = match level {
        _ if level & AARCH32 != 0 => 0x600,
        _ if at_el0 => 0x400,
        _ if level == SPSR_EL2::M::EL1h.value => 0x200,
        _ => 0x000,
    };
    let pan = match Sctlr::get() & SPAN {
        0 => PAN,
        _ => vcpu.pstate & PAN,
    };
    // The guest chooses VBAR_EL1: the sum may be too large.
    vcpu.pc = Vbar::get().wrapping_add(vector);
    vcpu.pstate = EL1H_MASKED | pan;
}

/// PSTATE.nRW: a program of 32 bits.
const AARCH32: u64 = 1 << 4;

const fn class(class: ESR_EL2::EC::Value) -> u64 {
    (class as u64) << 26
}
