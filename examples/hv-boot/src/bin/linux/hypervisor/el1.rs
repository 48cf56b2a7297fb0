//! The guest's system registers, as EL2 reaches them, and exceptions that the guest takes at EL1.

use core::arch::asm;

use aarch64_cpu::registers::{ESR_EL2, SPSR_EL2};

use super::vcpu::Vcpu;

/// The name of a register of EL1. With host extensions the usual names mean registers of EL2, and those of EL1 have
/// others, which the assembler knows by number only ("Accessing EL1 and EL2 System registers from EL2, with E2H").
#[cfg(not(feature = "vhe"))]
macro_rules! name {
    (sctlr) => {
        "sctlr_el1"
    };
    (elr) => {
        "elr_el1"
    };
    (esr) => {
        "esr_el1"
    };
    (far) => {
        "far_el1"
    };
    (spsr) => {
        "spsr_el1"
    };
    (vbar) => {
        "vbar_el1"
    };
}

#[cfg(feature = "vhe")]
macro_rules! name {
    (sctlr) => {
        "s3_5_c1_c0_0"
    };
    (spsr) => {
        "s3_5_c4_c0_0"
    };
    (elr) => {
        "s3_5_c4_c0_1"
    };
    (esr) => {
        "s3_5_c5_c2_0"
    };
    (far) => {
        "s3_5_c6_c0_0"
    };
    (vbar) => {
        "s3_5_c12_c0_0"
    };
}

macro_rules! read {
    ($register:ident) => {{
        let value: u64;
        // SAFETY: rule 10: reading the guest's register has no effect.
        unsafe {
            asm!(concat!("mrs {}, ", name!($register)), out(reg) value, options(nomem, nostack, preserves_flags))
        };
        value
    }};
}

macro_rules! write {
    ($register:ident, $value:expr) => {
        // SAFETY: rule 10: the guest's register changes nothing at EL2.
        unsafe {
            asm!(concat!("msr ", name!($register), ", {}"), in(reg) $value, options(nomem, nostack, preserves_flags))
        }
    };
}

/// `SCTLR_EL1` with MMU and caches off: its RES1 bits.
const SCTLR_OFF: u64 = 0x30d0_0800;
/// `SCTLR_EL1.SPAN`: an exception leaves PSTATE.PAN as it is.
const SPAN: u64 = 1 << 23;
/// PSTATE.PAN, where an SPSR has it.
const PAN: u64 = 1 << 22;

/// PSTATE of EL1 on its own stack, with interrupts masked.
pub(super) const EL1H_MASKED: u64 = SPSR_EL2::M::EL1h.value
    | SPSR_EL2::D::Masked.value
    | SPSR_EL2::A::Masked.value
    | SPSR_EL2::I::Masked.value
    | SPSR_EL2::F::Masked.value;

/// Puts the registers into the state in which a core starts: its MMU is off.
pub(super) fn reset() {
    write!(sctlr, SCTLR_OFF);
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
            write!(far, address);
            let class = class(match (fetch, at_el0) {
                (true, true) => ESR_EL2::EC::Value::InstrAbortLowerEL,
                (true, false) => ESR_EL2::EC::Value::InstrAbortCurrentEL,
                (false, true) => ESR_EL2::EC::Value::DataAbortLowerEL,
                (false, false) => ESR_EL2::EC::Value::DataAbortCurrentEL,
            });
            class | SYNCHRONOUS_EXTERNAL_ABORT
        }
    };
    write!(esr, syndrome | IL);
    write!(elr, vcpu.pc);
    write!(spsr, vcpu.pstate);
    // "Exception vectors".
    let vector = match level {
        _ if level & AARCH32 != 0 => 0x600,
        _ if at_el0 => 0x400,
        _ if level == SPSR_EL2::M::EL1h.value => 0x200,
        _ => 0x000,
    };
    let pan = match read!(sctlr) & SPAN {
        0 => PAN,
        _ => vcpu.pstate & PAN,
    };
    vcpu.pc = read!(vbar) + vector;
    vcpu.pstate = EL1H_MASKED | pan;
}

/// PSTATE.nRW: a program of 32 bits.
const AARCH32: u64 = 1 << 4;

const fn class(class: ESR_EL2::EC::Value) -> u64 {
    (class as u64) << 26
}
