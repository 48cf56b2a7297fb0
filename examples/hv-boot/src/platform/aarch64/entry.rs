//! From the boot loader, and from PSCI, to Rust on a stack.

use core::arch::naked_asm;

use aarch64_cpu::registers::{HCR_EL2, Readable, SCTLR_EL2, TCR_EL2};

use super::{
    gic,
    level::{Level, level},
    mmu,
};
use crate::platform::common::{
    arm_virt::{self, Boot, define_start_core},
    stacks::{STACKS, Stack},
    tables::{self, TABLES},
};

/// `SCTLR_ELx` with everything off, RES1 bits set (Arm ARM, "SCTLR_EL1" and "SCTLR_EL2").
pub(super) const SCTLR_EL1_OFF: u64 = 0x30d0_0800;
const SCTLR_EL2_OFF: u64 = 0x30c5_0830;

/// MMU, caches, stack alignment check, and no execution of writable memory; the same bits at both levels.
const SCTLR_ON: u64 = SCTLR_EL2::M::Enable.value
    | SCTLR_EL2::C::Cacheable.value
    | SCTLR_EL2::I::Cacheable.value
    | SCTLR_EL2::SA::Enable.value
    | SCTLR_EL2::WXN::Enable.value;

/// `HCR_EL2`: EL1 is AArch64, and interrupts are EL2's: without IMO they are never taken here ("Asynchronous exception
/// routing"). With the feature `vhe` E2H gives EL2 the translation regime of EL1.
const HCR: u64 = HCR_EL2::RW::EL1IsAarch64.value
    | HCR_EL2::IMO::EnableVirtualIRQ.value
    | if cfg!(feature = "vhe") {
        HCR_EL2::E2H::EnableOsAtEl2.value
    } else {
        0
    };

/// `TCR_ELx` without the size of physical addresses: 39 bits from TTBR0, tables cached and shared. Bits 23 and
/// 31 are RES1 at EL2; in the layout of EL1 they switch TTBR1's walks off, and choose its granule ("TCR_EL1",
/// "TCR_EL2").
const TCR: u64 = TCR_EL2::T0SZ.val(64 - 39).value
    | TCR_EL2::TG0::KiB_4.value
    | TCR_EL2::SH0::Inner.value
    | TCR_EL2::ORGN0::WriteBack_ReadAlloc_WriteAlloc_Cacheable.value
    | TCR_EL2::IRGN0::WriteBack_ReadAlloc_WriteAlloc_Cacheable.value
    | 1 << 23
    | 1 << 31;

/// The entry point, and the header of a Linux `Image` in front of it, by which a boot loader places the flat binary
/// and passes the device tree in x0 (Linux, Documentation/arch/arm64/booting.rst).
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "b      2f",
        "nop",
        ".quad  __image_offset",
        ".quad  __image_size",
        // Little-endian, 4 KiB pages, anywhere near the base of memory.
        ".quad  0b0010",
        ".quad  0, 0, 0",
        ".ascii \"ARM\\x64\"",
        ".word  0",
        "2:",
        "mov    x19, x0",
        "bl     {prepare}",
        "mov    x0, xzr",
        "bl     {set_stacks}",
        // What a cache may still hold of the memory that is written before the MMU is on.
        "mov    x0, sp",
        "sub    x1, x0, #{stack_size}",
        "bl     {forget}",
        "adrp   x1, __data_start",
        "adrp   x0, __data_end",
        "bl     {forget}",
        "adrp   x1, __bss_start",
        "adrp   x0, __bss_end",
        "bl     {forget}",
        "adrp   x1, __bss_start",
        "adrp   x0, __bss_end",
        "3:",
        "stp    xzr, xzr, [x1], #16",
        "cmp    x1, x0",
        "b.lo   3b",
        "mov    x0, x19",
        "bl     {boot}",
        prepare = sym prepare,
        set_stacks = sym set_stacks,
        stack_size = const Stack::SIZE,
        forget = sym forget_cached_copy,
        boot = sym boot,
    )
}

define_start_core!("mov x19, x0", "mov x0, x19");

/// Switches this core off. Returns only if the firmware refuses.
pub(crate) fn switch_off() -> smccc::psci::error::Error {
    arm_virt::switch_off()
}

/// Returns whether the core `hardware_id` is off.
pub(crate) fn is_off(hardware_id: u64) -> bool {
    arm_virt::is_off(hardware_id)
}

/// Puts the system registers of the current level into a known state: interrupts masked, MMU off, exceptions to
/// the vector table. At EL3 it does nothing: `boot` refuses that level. Uses x9 and x10, and no stack.
#[unsafe(naked)]
extern "C" fn prepare() {
    naked_asm!(
        "msr    daifset, #0b1111",
        "adrp   x9, hv_boot_vectors",
        "add    x9, x9, :lo12:hv_boot_vectors",
        "mrs    x10, CurrentEL",
        "cmp    x10, #(2 << 2)",
        "b.eq   2f",
        "b.hi   3f",
        "msr    vbar_el1, x9",
        "ldr    x10, ={sctlr_el1}",
        "msr    sctlr_el1, x10",
        "b      3f",
        "2:",
        "msr    vbar_el2, x9",
        // The level's own registers, not the host extensions' redirection (E2H), before any is named.
        "ldr    x10, ={hcr}",
        "msr    hcr_el2, x10",
        "isb",
        "ldr    x10, ={sctlr_el2}",
        "msr    sctlr_el2, x10",
        "3:",
        "isb",
        // An SError is reported from here on.
        "msr    daifclr, #0b0100",
        "ret",
        ".ltorg",
        hcr = const HCR,
        sctlr_el1 = const SCTLR_EL1_OFF,
        sctlr_el2 = const SCTLR_EL2_OFF,
    )
}

/// Sets both stack pointers for the CPU id in x0: SP_ELx for exceptions, SP_EL0 for everything else. Uses
/// x9 and x10, and no memory.
#[unsafe(naked)]
extern "C" fn set_stacks() {
    naked_asm!(
        "adrp   x9, {stacks}",
        "add    x9, x9, x0, lsl #{size_bits}",
        "add    x10, x9, #{exception_top}",
        "msr    spsel, #1",
        "mov    sp, x10",
        "add    x10, x9, #{size}",
        "msr    spsel, #0",
        "mov    sp, x10",
        "ret",
        stacks = sym STACKS,
        size_bits = const Stack::SIZE_BITS,
        size = const Stack::SIZE,
        exception_top = const Stack::EXCEPTION_TOP,
    )
}

/// Discards what caches hold of x1..x0, page-aligned and not empty, without writing it back ("Cache support"). Uses
/// x1, x9 and x10, and no stack.
#[unsafe(naked)]
extern "C" fn forget_cached_copy() {
    naked_asm!(
        // The smallest line of any data cache: CTR_EL0.DminLine, log2 of words.
        "mrs    x9, ctr_el0",
        "ubfx   x9, x9, #16, #4",
        "mov    x10, #4",
        "lsl    x10, x10, x9",
        "2:",
        "dc     ivac, x1",
        "add    x1, x1, x10",
        "cmp    x1, x0",
        "b.lo   2b",
        "dsb    sy",
        "ret",
    )
}

/// Turns MMU and caches on with the tables that the boot core built, at EL1 or EL2. Uses x9 to x13, and no
/// memory but the tables.
#[unsafe(naked)]
extern "C" fn enable_mmu() {
    naked_asm!(
        "adrp   x9, {tables}",
        "ldr    x10, ={tcr}",
        // The size of physical addresses, at most 48 bits.
        "mrs    x11, id_aa64mmfr0_el1",
        "and    x11, x11, #0b1111",
        "mov    x12, #5",
        "cmp    x11, x12",
        "csel   x11, x11, x12, lo",
        "mov    x12, #{mair}",
        // What the boot core wrote to the tables is there before a walk reads it.
        "dsb    sy",
        "mrs    x13, CurrentEL",
        "cmp    x13, #(2 << 2)",
        "b.eq   2f",
        "bfi    x10, x11, #32, #3",
        "msr    mair_el1, x12",
        "msr    tcr_el1, x10",
        "msr    ttbr0_el1, x9",
        "isb",
        "tlbi   vmalle1",
        "ic     iallu",
        "dsb    nsh",
        "isb",
        "ldr    x10, ={sctlr_el1}",
        "msr    sctlr_el1, x10",
        "isb",
        "ret",
        "2:",
        "bfi    x10, x11, #{ps_el2}, #3",
        "msr    mair_el2, x12",
        "msr    tcr_el2, x10",
        "msr    ttbr0_el2, x9",
        "isb",
        "tlbi   alle2",
        "ic     iallu",
        "dsb    nsh",
        "isb",
        "ldr    x10, ={sctlr_el2}",
        "msr    sctlr_el2, x10",
        "isb",
        "ret",
        ".ltorg",
        tables = sym TABLES,
        tcr = const TCR,
        mair = const tables::MAIR,
        // "TCR_EL2": with E2H, PS is where EL1 has IPS.
        ps_el2 = const if cfg!(feature = "vhe") { 32 } else { 16 },
        sctlr_el1 = const SCTLR_EL1_OFF | SCTLR_ON,
        sctlr_el2 = const SCTLR_EL2_OFF | SCTLR_ON,
    )
}

/// The boot core in Rust, its MMU off.
extern "C" fn boot(tree: usize) -> ! {
    let boot = Boot {
        gic: gic::COMPATIBLE,
        wanted: match level() {
            // The bit that `prepare` wrote; it is RES0 where the extensions are missing ("HCR_EL2").
            Level::El2 if cfg!(feature = "vhe") && !HCR_EL2.is_set(HCR_EL2::E2H) => {
                Some("EL2 of a CPU with host extensions (FEAT_VHE)")
            }
            Level::El2 => None,
            _ if cfg!(feature = "arm-el2") => Some("EL2"),
            Level::El1 => None,
            Level::El3 => Some("EL1 or EL2"),
        },
        regime: mmu::regime(),
        enable_mmu,
    };
    // SAFETY: rule 11, rule 12: this is the boot core, alone, once; the boot protocol passed `tree`.
    unsafe { boot.run(tree) }
}
