//! From the boot loader, and from PSCI, to Rust on a stack.

use core::arch::naked_asm;

use super::{
    gic,
    mode::{CONTROL_OFF, CONTROL_ON, Mode, OPC1, REGIME, prepare},
};
use crate::platform::common::{
    arm_virt::{Boot, define_start_core},
    stacks::{STACKS, Stack},
    tables::{MAIR, TABLES},
};

/// The entry point; a boot loader that follows Linux's protocol passes the device tree in r2 (Linux,
/// Documentation/arch/arm/booting.rst).
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "mov    r4, r2",
        "bl     {prepare}",
        "mov    r0, #0",
        "bl     {set_stacks}",
        // What a cache may still hold of the memory that is written before the MMU is on.
        "mov    r0, sp",
        "sub    r1, r0, #{stack_size}",
        "bl     {forget}",
        "movw   r1, #:lower16:__data_start",
        "movt   r1, #:upper16:__data_start",
        "movw   r0, #:lower16:__data_end",
        "movt   r0, #:upper16:__data_end",
        "bl     {forget}",
        "movw   r5, #:lower16:__bss_start",
        "movt   r5, #:upper16:__bss_start",
        "movw   r0, #:lower16:__bss_end",
        "movt   r0, #:upper16:__bss_end",
        "mov    r1, r5",
        "bl     {forget}",
        "mov    r2, #0",
        "mov    r3, #0",
        "2:",
        "strd   r2, r3, [r5], #8",
        "cmp    r5, r0",
        "blo    2b",
        "mov    r0, r4",
        "bl     {boot}",
        prepare = sym prepare,
        set_stacks = sym set_stacks,
        stack_size = const Stack::SIZE,
        forget = sym forget_cached_copy,
        boot = sym boot,
    )
}

define_start_core!("mov r4, r0", "mov r0, r4");

/// Sets the stacks for the CPU id in r0: sp, and in TPIDRURW the one for exceptions. Uses r1 and r2, and no memory.
#[unsafe(naked)]
extern "C" fn set_stacks() {
    naked_asm!(
        "movw   r1, #:lower16:{stacks}",
        "movt   r1, #:upper16:{stacks}",
        "add    r1, r1, r0, lsl #{size_bits}",
        "add    r2, r1, #{exception_top}",
        "mcr    p15, 0, r2, c13, c0, 2", // TPIDRURW
        "add    sp, r1, #{size}",
        "bx     lr",
        stacks = sym STACKS,
        size_bits = const Stack::SIZE_BITS,
        size = const Stack::SIZE,
        exception_top = const Stack::EXCEPTION_TOP,
    )
}

/// Discards what caches hold of r1..r0, page-aligned and not empty, without writing it back ("Cache enabling and
/// disabling"). Uses r1 to r3, and no stack.
#[unsafe(naked)]
extern "C" fn forget_cached_copy() {
    naked_asm!(
        // The smallest line of any data cache: CTR.DminLine, log2 of words.
        "mrc    p15, 0, r2, c0, c0, 1",
        "ubfx   r2, r2, #16, #4",
        "mov    r3, #4",
        "lsl    r3, r3, r2",
        "2:",
        "mcr    p15, 0, r1, c7, c6, 1", // DCIMVAC
        "add    r1, r1, r3",
        "cmp    r1, r0",
        "blo    2b",
        "dsb",
        "bx     lr",
    )
}

/// `SCTLR` and `HSCTLR`: MMU, caches, and no execution of writable memory; the same bits in both.
const CONTROL: u32 = CONTROL_OFF | CONTROL_ON | 1 << 0 | 1 << 2 | 1 << 12 | 1 << 19;

/// `TTBCR` and `HTCR`: long descriptors for all 32 bits from one table, tables cached and shared. Bits 23 and 31 are
/// RES1 in `HTCR`; in `TTBCR` they switch TTBR1's walks off, and choose the format.
const TRANSLATION_CONTROL: u32 = 1 << 31 | 1 << 23 | 0b11 << 12 | 0b01 << 10 | 0b01 << 8;

/// Turns MMU and caches on with the tables that the boot core built. Uses r1 to r3, and no memory but the tables.
#[unsafe(naked)]
extern "C" fn enable_mmu() {
    naked_asm!(
        "movw   r1, #:lower16:{tables}",
        "movt   r1, #:upper16:{tables}",
        "mov    r2, #0",
        "movw   r3, #{mair}",
        // What the boot core wrote to the tables is there before a walk reads it.
        "dsb",
        "mcr    p15, {opc1}, r3, c10, c2, 0", // MAIR0, HMAIR0
        "movw   r3, #{translation_low}",
        "movt   r3, #{translation_high}",
        "mcr    p15, {opc1}, r3, c2, c0, 2", // TTBCR, HTCR
        "mcrr   p15, {opc1}, r1, r2, c2", // TTBR0, HTTBR
        "isb",
        "mcr    p15, {opc1}, r2, c8, c7, 0", // TLBIALL, TLBIALLH
        "mcr    p15, 0, r2, c7, c5, 0", // ICIALLU
        "mcr    p15, 0, r2, c7, c5, 6", // BPIALL
        "dsb",
        "isb",
        "movw   r1, #{control_low}",
        "movt   r1, #{control_high}",
        "mcr    p15, {opc1}, r1, c1, c0, 0", // SCTLR, HSCTLR
        "isb",
        "bx     lr",
        tables = sym TABLES,
        opc1 = const OPC1,
        mair = const MAIR,
        translation_low = const TRANSLATION_CONTROL & 0xffff,
        translation_high = const TRANSLATION_CONTROL >> 16,
        control_low = const CONTROL & 0xffff,
        control_high = const CONTROL >> 16,
    )
}

/// The boot core in Rust, its MMU off.
extern "C" fn boot(tree: usize) -> ! {
    let boot = Boot {
        gic: gic::COMPATIBLE,
        wanted: (Mode::current() != Mode::WANTED).then_some(Mode::WANTED.name()),
        regime: REGIME,
        enable_mmu,
    };
    // SAFETY: rule 11, rule 12: this is the boot core, alone, once; the boot protocol passed `tree`.
    unsafe { boot.run(tree) }
}
