//! Init, ids and accesses while the MMU is off. It is linked with the entry `early_start`, so that the boot stub,
//! which turns the MMU on, never runs.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(all(target_os = "none", any(target_arch = "aarch64", target_arch = "arm")))]

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{CpuId, claim_percpu_reg, current_cpu, def_percpu, init_percpu_reg};

hv_boot::main!(main);

#[def_percpu]
static WORD: u64 = 0x0123_4567_89ab_cdef;
// So that the template does not end with a whole word.
#[def_percpu]
static ODD: [u8; 13] = *b"thirteen byte";
#[def_percpu]
static BYTE: u8 = 7;

images::early_start!(early);

/// Makes the area of `cpu` this CPU's for a while, as boot code does that fills areas.
fn visit(cpu: usize) {
    // SAFETY: rule 2, no other CPU runs.
    unsafe { percpu_hv::write_percpu_reg(percpu_hv::percpu_area_base(cpu)) };
}

extern "C" fn early() -> ! {
    println!("claim before init: {:?}", claim_percpu_reg(0));
    let initialized = images::report(percpu_hv::init_in_place());
    let count = initialized.unwrap_or_else(|status| status.exit());
    for cpu in 0..count {
        visit(cpu);
        assert_eq!(current_cpu().index(), cpu);
        assert_eq!(WORD.read_current(), 0x0123_4567_89ab_cdef);
        assert_eq!(BYTE.read_current(), 7);
        ODD.with_current(|odd| {
            assert!(odd.iter().eq(b"thirteen byte"));
            odd[12] = cpu as u8;
        });
        WORD.write_current(cpu as u64);
    }
    println!("second init: {:?}", percpu_hv::init_in_place());
    for cpu in 0..count {
        visit(cpu);
        assert_eq!(WORD.read_current(), cpu as u64);
        ODD.with_current(|odd| assert_eq!(odd[12], cpu as u8));
    }
    take_ids();
    println!("{count} areas with the MMU off: ok");
    meet_another_core()
}

/// As CPU 2, then as CPU 0.
fn take_ids() {
    for _ in 0..2 {
        init_percpu_reg(2);
        assert_eq!((current_cpu().index(), WORD.read_current()), (2, 2));
    }
    println!("CPU 2 again: {:?}", claim_percpu_reg(2));
    println!("CPU 2 as CPU 0: {:?}", claim_percpu_reg(0));
    // SAFETY: rule 17, this CPU uses no variable until it has another area.
    let retired = unsafe { percpu_hv::reinit_percpu_area(current_cpu()) };
    println!("CPU 2 retires: {retired:?}");
    println!("as CPU 0: {:?}", claim_percpu_reg(0));
    println!("CPU 0 as CPU 2: {:?}", claim_percpu_reg(2));
    assert_eq!((current_cpu().index(), WORD.read_current()), (0, 0));
    let built_anew = CpuId::new(2).map(|cpu| WORD.read_remote(cpu));
    assert_eq!(built_anew, Some(0x0123_4567_89ab_cdef));
}

#[cfg(target_arch = "arm")]
fn meet_another_core() -> ! {
    ExitCode::SUCCESS.exit()
}

#[cfg(target_arch = "aarch64")]
use second_core::meet_another_core;

/// A second core, which asks for the id of the first, takes one of its own, goes off and comes back.
#[cfg(target_arch = "aarch64")]
mod second_core {
    use core::arch::{asm, naked_asm};
    use core::hint;
    use core::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// PSCI's functions (DEN 0022), and `AFFINITY_INFO`'s answer for a core that is off.
    const CPU_OFF: u64 = 0x8400_0002;
    const CPU_ON: u64 = 0xc400_0003;
    const AFFINITY_INFO: u64 = 0xc400_0004;
    const OFF: i64 = 1;

    /// `MPIDR_EL1` of the second core.
    const SECOND: u64 = 1;
    static SECOND_GOES_OFF: AtomicBool = AtomicBool::new(false);

    /// Calls the firmware, by the conduit of EL2.
    fn psci(function: u64, arguments: [u64; 3]) -> i64 {
        let result: i64;
        // SAFETY: rule 12, a call of the firmware; what it starts has a stack of its own.
        unsafe {
            asm!(
                "smc #0",
                inlateout("x0") function => result,
                in("x1") arguments[0],
                in("x2") arguments[1],
                in("x3") arguments[2],
                clobber_abi("C"),
                options(nostack)
            );
        }
        result
    }

    pub(super) fn meet_another_core() -> ! {
        let entry = (second_start as *const ()).addr() as u64;
        for context in 0..2 {
            let started = psci(CPU_ON, [SECOND, entry, context]);
            assert_eq!(started, 0, "the firmware starts the second core");
            // At first it is still off.
            while !SECOND_GOES_OFF.load(Ordering::Acquire)
                || psci(AFFINITY_INFO, [SECOND, 0, 0]) != OFF
            {
                hint::spin_loop();
            }
            SECOND_GOES_OFF.store(false, Ordering::Relaxed);
        }
        ExitCode::FAILURE.exit()
    }

    /// With the context of `CPU_ON` in x0.
    #[unsafe(naked)]
    extern "C" fn second_start() -> ! {
        naked_asm!(
            "adrp   x9, __stacks_end",
            "sub    x9, x9, #0x10000",
            "mov    sp, x9",
            "bl     {second}",
            second = sym second,
        )
    }

    extern "C" fn second(context: u64) -> ! {
        if context == 0 {
            println!("the second core as CPU 0: {:?}", claim_percpu_reg(0));
            println!("as CPU 1: {:?}", claim_percpu_reg(1));
            println!("as CPU 3: {:?}", claim_percpu_reg(3));
            init_percpu_reg(1);
            assert_eq!((current_cpu().index(), WORD.read_current()), (1, 1));
            WORD.write_current(0x0ff);
            SECOND_GOES_OFF.store(true, Ordering::Release);
            psci(CPU_OFF, [0; 3]);
        }
        let area = percpu_hv::percpu_area_base(1);
        println!("register kept: {}", percpu_hv::read_percpu_reg() == area);
        // SAFETY: rule 2, the id that this core had.
        unsafe { percpu_hv::resume_percpu_reg(1) };
        println!("back: {:?}, {:#x}", current_cpu(), WORD.read_current());
        // SAFETY: rule 2 does not hold, which is the point: it panics.
        unsafe { percpu_hv::resume_percpu_reg(3) };
        ExitCode::FAILURE.exit()
    }
}

/// For an entry that turned the MMU on, which this image is not for.
fn main(_: &'static Machine) -> ExitCode {
    ExitCode::FAILURE
}
