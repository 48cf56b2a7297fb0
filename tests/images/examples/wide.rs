//! Operations on 128 bits against plain accesses to their memory, at EL2 with the MMU off, for both byte orders. It is
//! linked with the entry `wide_start`, and without hv-boot, whose tables and devices are little-endian.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::{
    arch::{asm, naked_asm},
    panic::PanicInfo,
};

use percpu_hv::def_percpu;

/// No two bytes are equal.
const START: u128 = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff;

#[def_percpu]
static WIDE: u128 = START;

/// The loader cleared .bss; one core runs.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn wide_start() -> ! {
    naked_asm!(
        // SCTLR_EL2.EE: the byte order that the image is compiled for, before the first access.
        "mrs    x9, sctlr_el2",
        "mov    x10, #{big_endian}",
        "bfi    x9, x10, #25, #1",
        "msr    sctlr_el2, x9",
        "isb",
        "adrp   x9, __stacks_end",
        "mov    sp, x9",
        "bl     {wide}",
        big_endian = const cfg!(target_endian = "big") as usize,
        wide = sym wide,
    )
}

extern "C" fn wide() -> ! {
    exit(first_failure().unwrap_or(0))
}

/// The number of the first check that does not hold: a console would need a driver for both byte orders.
fn first_failure() -> Option<usize> {
    if percpu_hv::init_in_place().is_err() {
        return Some(100);
    }
    percpu_hv::init_percpu_reg(0);
    // SAFETY: rule 5: one core runs, and nothing interrupts it.
    let memory = || unsafe { WIDE.current_ptr().read_volatile() };
    let checks: [&dyn Fn() -> bool; 6] = [
        &|| memory() == START && WIDE.read_current() == START,
        &|| {
            WIDE.write_current(!START);
            memory() == !START
        },
        &|| WIDE.swap_current(START) == !START && memory() == START,
        &|| {
            let halves_exchanged = START.rotate_left(64);
            WIDE.compare_exchange_current(halves_exchanged, 0) == Err(START) && memory() == START
        },
        &|| {
            let low = u128::from(u64::MAX);
            WIDE.compare_exchange_current(START, low) == Ok(START) && memory() == low
        },
        // From the low half to the high one.
        &|| {
            WIDE.add_current(1);
            memory() == 1 << 64
        },
    ];
    let failed = checks.iter().position(|check| !check())?;
    Some(1 + failed)
}

/// Semihosting's `SYS_EXIT` with `ADP_Stopped_ApplicationExit`, whose words QEMU reads little-endian.
fn exit(status: usize) -> ! {
    let words = [0x20026_usize, status].map(usize::to_le);
    // SAFETY: rule 10. The call reads the words, and does not return.
    unsafe {
        asm!(
            "hlt #0xf000",
            in("w0") 0x18,
            in("x1") &raw const words,
            options(noreturn, nostack)
        );
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    exit(101)
}
