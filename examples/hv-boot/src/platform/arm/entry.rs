//! From the boot loader, and from PSCI, to Rust on a stack.

use core::arch::naked_asm;

use super::{
    gic,
    mode::{Mode, REGIME, enable_mmu, prepare},
};
use crate::platform::common::{
    arm_virt::{Boot, define_secondary_start},
    stacks::{STACKS, Stack},
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

define_secondary_start!("mov r4, r0", "mov r0, r4");

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
