//! Init and accesses while the MMU is off. It is linked with the entry `early_start`, so that the boot stub,
//! which turns the MMU on, never runs.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::arch::naked_asm;

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::def_percpu;

hv_boot::main!(main);

#[def_percpu]
static WORD: u64 = 0x0123_4567_89ab_cdef;
// So that the template does not end with a whole word.
#[def_percpu]
static ODD: [u8; 13] = *b"thirteen byte";
#[def_percpu]
static BYTE: u8 = 7;

/// The loader cleared .bss; one core runs.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn early_start() -> ! {
    naked_asm!(
        "adrp   x9, __stacks_end",
        "mov    sp, x9",
        "bl     {early}",
        early = sym early,
    )
}

extern "C" fn early() -> ! {
    let initialized = images::report(percpu_hv::init_in_place());
    let count = initialized.unwrap_or_else(|status| status.exit());
    for cpu in 0..count {
        percpu_hv::init_percpu_reg(cpu);
        assert_eq!(WORD.read_current(), 0x0123_4567_89ab_cdef);
        assert_eq!(BYTE.read_current(), 7);
        ODD.with_current(|odd| {
            assert_eq!(odd, b"thirteen byte");
            odd[12] = cpu as u8;
        });
        WORD.write_current(cpu as u64);
    }
    println!("second init: {:?}", percpu_hv::init_in_place());
    for cpu in 0..count {
        percpu_hv::init_percpu_reg(cpu);
        assert_eq!(WORD.read_current(), cpu as u64);
        ODD.with_current(|odd| assert_eq!(odd[12], cpu as u8));
    }
    println!("{count} areas with the MMU off: ok");
    ExitCode::SUCCESS.exit()
}

/// For an entry that turned the MMU on, which this image is not for.
fn main(_: &'static Machine) -> ExitCode {
    ExitCode::FAILURE
}
