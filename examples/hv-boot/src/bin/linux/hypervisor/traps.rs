//! What the guest does not do alone, and what EL2 must allow it.

use core::arch::asm;

use aarch64_cpu::{
    asm::barrier,
    registers::{
        CNTVOFF_EL2, HCR_EL2, ICC_SRE_EL2, ICH_HCR_EL2, ID_AA64DFR0_EL1, ID_AA64MMFR0_EL1,
        ID_AA64MMFR1_EL1, ID_AA64PFR0_EL1, ID_AA64PFR1_EL1, MIDR_EL1, MPIDR_EL1, ReadWriteable,
        Readable, VMPIDR_EL2, Writeable,
    },
};

/// Sets a register of EL2 that aarch64-cpu does not have, or that it has in another layout.
macro_rules! set {
    ($register:literal, $value:expr) => {
        // SAFETY: rule 10: it changes what the guest may do, and nothing at EL2.
        unsafe {
            asm!(concat!("msr ", $register, ", {}"), in(reg) $value, options(nomem, nostack, preserves_flags))
        }
    };
}

/// `CPTR_EL2`: floating point, SVE and SME are the guest's; this image uses none of them. With host extensions it has
/// the layout of `CPACR_EL1`: FPEN, ZEN and SMEN; without them bits 13, 9 and 7 to 0 are RES1.
const CPTR: u64 = if cfg!(feature = "vhe") {
    0b11 << 20 | 0b11 << 16 | 0b11 << 24
} else {
    0x22ff
};

/// `CNTHCTL_EL2`: EL1 uses the physical counter and timer. With host extensions the bits of EL0 are below them.
const CNTHCTL: u64 = if cfg!(feature = "vhe") {
    0b11 << 10
} else {
    0b11
};

/// `HCRX_EL2`: MSCEn, TCR2En and SCTLR2En. Without them the guest's memory copies (FEAT_MOPS) are undefined, and its
/// TCR2_EL1 and SCTLR2_EL1 are trapped, although its ID registers name them.
const HCRX: u64 = 1 << 11 | 1 << 14 | 1 << 15;

/// `HFGRTR_EL2` and `HFGWTR_EL2`: the bits that trap where they are 0, such as nTPIDR2_EL0 of SME.
const UNTRAPPED: u64 = 0xfff << 52;

/// `SMCR_EL2`: all lengths of vectors, all instructions, and ZT0.
const SMCR: u64 = 0xf | 1 << 31 | 1 << 30;

/// Lets this core trap what the guest does not do alone: firmware calls, waits for interrupts, and reads of what
/// identifies caches, which programs do too. Everything else is the guest's, interrupts included: HCR_EL2.{AMO, IMO,
/// FMO} are 0, so that EL2 takes none of them, from now on.
pub(super) fn enable() {
    let kept = HCR_EL2.get() & HCR_EL2::E2H.val(1).value;
    HCR_EL2.set(
        kept | (HCR_EL2::RW::EL1IsAarch64
            + HCR_EL2::VM::Enable
            + HCR_EL2::TSC::EnableTrapEl1SmcToEl2
            + HCR_EL2::TWI::SET
            + HCR_EL2::TID2::SET
            // Tags of memory (FEAT_MTE2).
            + HCR_EL2::ATA::SET
            + HCR_EL2::APK::DisableTrapPointerAuthKeyRegsToEl2
            + HCR_EL2::API::DisableTrapPointerAuthInstToEl2)
            .value,
    );
    set!("cptr_el2", CPTR);
    set!("hstr_el2", 0_u64);
    // The guest has all event counters.
    set!("mdcr_el2", event_counters());
    set!("cnthctl_el2", CNTHCTL);
    CNTVOFF_EL2.set(0);
    // The guest's cores are the machine's.
    set!("vpidr_el2", MIDR_EL1.get());
    VMPIDR_EL2.set(MPIDR_EL1.get());
    // The interrupt controller's registers are EL1's ("ICC_SRE_EL2").
    ICC_SRE_EL2.modify(ICC_SRE_EL2::SRE::SET + ICC_SRE_EL2::ENABLE::SET);
    barrier::isb(barrier::SY);
    ICH_HCR_EL2.set(0);
    // What newer cores have. The assembler knows these registers by number only.
    if ID_AA64PFR0_EL1.read(ID_AA64PFR0_EL1::SVE) != 0 {
        // All lengths of vectors: ZCR_EL2.
        set!("s3_4_c1_c2_0", 0xf_u64);
    }
    // The fields SME, HCX and FGT, which aarch64-cpu does not name.
    let has = |register: u64, field: u32| register >> field & 0xf != 0;
    if has(ID_AA64PFR1_EL1.get(), 24) {
        set!("s3_4_c1_c2_6", SMCR);
    }
    if has(ID_AA64MMFR1_EL1.get(), 40) {
        set!("s3_4_c1_c2_2", HCRX);
    }
    if has(ID_AA64MMFR0_EL1.get(), 56) {
        set!("s3_4_c1_c1_4", UNTRAPPED);
        set!("s3_4_c1_c1_5", UNTRAPPED);
    }
    barrier::isb(barrier::SY);
}

/// Whether this core's EL2 has the host extensions on, for a human.
pub(super) fn host_extensions() -> &'static str {
    match HCR_EL2.is_set(HCR_EL2::E2H) {
        true => "E2H=1",
        false => "E2H=0",
    }
}

/// How many event counters this core has: `PMCR_EL0.N`, for `MDCR_EL2.HPMN`.
fn event_counters() -> u64 {
    if matches!(ID_AA64DFR0_EL1.read(ID_AA64DFR0_EL1::PMUVer), 0 | 0xf) {
        return 0;
    }
    let pmcr: u64;
    // SAFETY: rule 10: reading the register has no effect, and this core has it.
    unsafe { asm!("mrs {}, pmcr_el0", out(reg) pmcr, options(nomem, nostack, preserves_flags)) };
    pmcr >> 11 & 0x1f
}
