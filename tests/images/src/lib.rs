//! What the images have in common: the statuses they end with, and a run over a few small variables.
//!
//! On any other target than bare metal, and where hv-boot does not run, this package is empty.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(all(target_os = "none", target_endian = "little"))]

use core::ptr;

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{CpuId, InitError, def_percpu};

/// Defines `early_start`, the entry of an image that runs with its MMU off: it calls a function on a stack. The loader
/// cleared .bss; one core runs.
#[cfg(target_arch = "aarch64")]
#[macro_export]
macro_rules! early_start {
    ($early:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".text.entry")]
        extern "C" fn early_start() -> ! {
            ::core::arch::naked_asm!(
                "adrp   x9, __stacks_end",
                "mov    sp, x9",
                "bl     {early}",
                early = sym $early,
            )
        }
    };
}

/// Defines `early_start`, as on AArch64.
#[cfg(target_arch = "arm")]
#[macro_export]
macro_rules! early_start {
    ($early:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".text.entry")]
        extern "C" fn early_start() -> ! {
            ::core::arch::naked_asm!(
                "movw   sp, #:lower16:__stacks_end",
                "movt   sp, #:upper16:__stacks_end",
                "bl     {early}",
                early = sym $early,
            )
        }
    };
}

/// The status of an image whose init failed; the reason is on the console.
pub const INIT_FAILED: u8 = 2;

#[def_percpu]
static WORD: u64 = 0x0123_4567_89ab_cdef;
#[def_percpu]
static BYTE: u8 = 7;
#[def_percpu]
static TABLE: [u32; 24] = [0x5a5a_5a5a; 24];
#[cfg(not(feature = "custom-base"))]
#[def_percpu(init = made)]
static MADE: u64;
/// The platform makes the areas, and not the values.
#[cfg(feature = "custom-base")]
#[def_percpu]
static MADE: u64 = 0;

fn made(cpu: usize) -> u64 {
    if cfg!(feature = "custom-base") {
        0
    } else {
        0x1000 + cpu as u64
    }
}

/// Prints what an init returned, as the package `links` expects it.
///
/// # Errors
///
/// The status for a failed init.
pub fn report(init: Result<usize, InitError>) -> Result<usize, ExitCode> {
    println!("init: {init:?}");
    init.map_err(|_| ExitCode::from(INIT_FAILED))
}

/// Initializes by `init`; then every CPU finds the initial values and writes its own, which are still there
/// after a second init was refused.
///
/// # Panics
///
/// If any variable of any CPU has another value than it must have.
pub fn use_small_variables(
    machine: &'static Machine,
    init: impl Fn() -> Result<usize, InitError>,
) -> ExitCode {
    let count = match report(init()) {
        Ok(count) => count,
        Err(status) => return status,
    };
    println!("area size: {}", percpu_hv::percpu_area_size());
    assert_eq!(percpu_hv::percpu_area_num(), count);
    assert!(machine.cpu_count() <= count);

    machine.run_on_all(|cpu| {
        let id = cpu.id();
        percpu_hv::init_percpu_reg(id);
        assert_eq!(
            percpu_hv::read_percpu_reg(),
            percpu_hv::percpu_area_base(id)
        );
        assert_eq!(WORD.read_current(), 0x0123_4567_89ab_cdef);
        assert_eq!(BYTE.read_current(), 7);
        assert_eq!(MADE.read_current(), made(id));
        TABLE.with_current(|table| {
            assert_eq!(*table, [0x5a5a_5a5a; 24]);
            *table = [id as u32; 24];
        });
        WORD.write_current(!(id as u64));
        BYTE.write_current(id as u8);
    });

    println!("second init: {:?}", init());
    let last = ptr::with_exposed_provenance_mut(percpu_hv::percpu_area_base(count - 1));
    // SAFETY: rule 9, an area that init does not get to, being refused.
    let elsewhere = unsafe { percpu_hv::init(last, 1) };
    println!("second init elsewhere: {elsewhere:?}");

    machine.run_on_all(|cpu| {
        let id = cpu.id();
        assert_eq!(WORD.read_current(), !(id as u64));
        for other in 0..machine.cpu_count() {
            // SAFETY: rule 6: a valid id, after init; every CPU only reads now.
            let found = unsafe {
                (
                    *WORD.remote_ref_raw(other),
                    *BYTE.remote_ref_raw(other),
                    *TABLE.remote_ref_raw(other),
                )
            };
            let expected = (!(other as u64), other as u8, [other as u32; 24]);
            assert_eq!(found, expected);
        }
    });
    let last = CpuId::all().next_back().expect("there are areas");
    // SAFETY: rule 17: that CPU has no job any more.
    let built_anew = unsafe { percpu_hv::reinit_percpu_area(last) };
    println!("built anew: {built_anew:?}");
    if built_anew.is_ok() {
        assert_eq!(MADE.read_remote(last), made(last.index()));
    }
    println!(
        "{} CPUs at {}: ok",
        machine.cpu_count(),
        machine.boot_cpu().level()
    );
    ExitCode::SUCCESS
}
