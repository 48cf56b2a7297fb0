//! An image that runs at a low alias first and high later, on several CPUs. It is linked high and loaded low, with the
//! entry `low_start`, so that the boot stub never runs.
//!
//! Each core starts low with its MMU off, writes to its variables, turns the MMU on with both aliases mapped, and goes
//! high. There CPU 0 moves the areas. At the end nothing is mapped low but devices.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(all(target_os = "none", target_arch = "aarch64"))]

use core::arch::{asm, naked_asm};
use core::cell::UnsafeCell;
use core::hint;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::{MAIR_EL2, SCTLR_EL2, TCR_EL2, TTBR0_EL2, Writeable};
use hv_boot::{ExitCode, Machine, println, wait_until};
use percpu_hv::maintenance::{self, DataCache};
use percpu_hv::{CpuId, def_percpu, percpu_area_base};

hv_boot::main!(main);

/// The distance of the high alias, `OFFSET` of aliases.ld.
const HIGH: usize = 0x40_0000_0000;
const GIB: usize = 1 << 30;
const CPUS: usize = 4;

#[def_percpu]
static WORD: u64 = 0x0123_4567_89ab_cdef;
#[def_percpu(hot)]
static HOT: u8 = 7;
#[def_percpu]
static TABLE: [u32; 24] = [0x5a5a_5a5a; 24];

/// Blocks of 1 GiB: devices, memory, and memory once more.
#[repr(C, align(4096))]
struct Blocks(UnsafeCell<[u64; 512]>);

// SAFETY: rule 11, CPU 0 changes it while the others wait.
unsafe impl Sync for Blocks {}

static BLOCKS: Blocks = {
    // Valid, accessed, and AP[1], which is RES1 at EL2 ("Block descriptor and Page descriptor formats").
    const DEVICE: u64 = 1 << 10 | 1 << 6 | 1;
    // The second attribute, inner shareable.
    const NORMAL: u64 = DEVICE | 0b11 << 8 | 1 << 2;

    let mut blocks = [0; 512];
    blocks[0] = DEVICE;
    blocks[1] = NORMAL | GIB as u64;
    blocks[HIGH / GIB + 1] = NORMAL | GIB as u64;
    Blocks(UnsafeCell::new(blocks))
};

/// How many cores are high, how many of the others may use variables again, and how many have.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);
static REBASED: AtomicUsize = AtomicUsize::new(0);
static RESUMED: AtomicUsize = AtomicUsize::new(0);

/// The loader cleared .bss; one core runs.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn low_start() -> ! {
    naked_asm!("mov x0, xzr", "b {other}", other = sym other_start)
}

/// Where PSCI starts the other cores, with the CPU id in x0. A stack has 64 KiB.
#[unsafe(naked)]
extern "C" fn other_start() -> ! {
    naked_asm!(
        "adrp   x9, __stacks_end",
        "sub    x9, x9, x0, lsl #16",
        "mov    sp, x9",
        "bl     {low}",
        low = sym low,
    )
}

/// Runs low, with the MMU off. It prints nothing: the linked addresses in data are high.
extern "C" fn low(cpu: usize) -> ! {
    let cache = DataCache::of_this_cpu();
    if cpu == 0 {
        cache.flush();
        let init = percpu_hv::init_in_place();
        cache.flush();
        if init != Ok(CPUS) {
            ExitCode::from(images::INIT_FAILED).exit();
        }
    }
    percpu_hv::init_percpu_reg(cpu);
    WORD.write_current(!(cpu as u64));
    TABLE.with_current(|table| table[23] = cpu as u32);
    let is_low = percpu_area_base(cpu) < HIGH && maintenance::registry().end < HIGH;
    if !is_low || maintenance::template().end >= HIGH || HOT.read_current() != 7 {
        ExitCode::FAILURE.exit();
    }
    cache.flush_area(cpu);
    turn_mmu_on();
    // SAFETY: rule 11, both aliases are mapped, and nothing below this frame is used again.
    unsafe {
        asm!(
            "add    sp, sp, {offset}",
            "movz   x9, #:abs_g3:{high}",
            "movk   x9, #:abs_g2_nc:{high}",
            "movk   x9, #:abs_g1_nc:{high}",
            "movk   x9, #:abs_g0_nc:{high}",
            "br     x9",
            offset = in(reg) HIGH,
            high = sym high,
            in("x0") cpu,
            options(noreturn)
        )
    }
}

/// Both aliases, cached and shared.
fn turn_mmu_on() {
    MAIR_EL2.set(0xff_04);
    TCR_EL2.write(
        TCR_EL2::T0SZ.val(64 - 39)
            + TCR_EL2::TG0::KiB_4
            + TCR_EL2::SH0::Inner
            + TCR_EL2::ORGN0::WriteBack_ReadAlloc_WriteAlloc_Cacheable
            + TCR_EL2::IRGN0::WriteBack_ReadAlloc_WriteAlloc_Cacheable
            + TCR_EL2::PS::Bits_40,
    );
    TTBR0_EL2.set(BLOCKS.0.get().addr() as u64);
    barrier::isb(barrier::SY);
    forget_translations();
    // RES1 bits, and everything on that cores share.
    SCTLR_EL2.set(0x30c5_0830 | 1 << 12 | 1 << 2 | 1);
    barrier::isb(barrier::SY);
}

fn forget_translations() {
    // SAFETY: rule 10, rule 11: what was cached of the tables. Not `nomem`: of those that memory holds now.
    unsafe {
        asm!(
            "dsb    sy",
            "tlbi   alle2is",
            "dsb    sy",
            "isb",
            options(nostack, preserves_flags)
        );
    }
}

extern "C" fn high(cpu: usize) -> ! {
    ARRIVED.fetch_add(1, Ordering::Release);
    if cpu == 0 {
        first_cpu()
    }
    while REBASED.load(Ordering::Acquire) == 0 {
        hint::spin_loop();
    }
    resume(cpu);
    RESUMED.fetch_add(1, Ordering::Release);
    loop {
        hint::spin_loop();
    }
}

fn first_cpu() -> ! {
    println!("init low: {} areas", percpu_hv::percpu_area_num());
    // What a core reads that has its MMU off.
    DataCache::of_this_cpu().flush();
    for cpu in 1..CPUS {
        let entry = (other_start as *const ()).addr() - HIGH;
        let started = smccc::psci::cpu_on::<smccc::Smc>(cpu as u64, entry as u64, cpu as u64);
        assert_eq!(started, Ok(()), "the firmware starts the core");
        // One after the other, as the test reads the log.
        wait_until("the core to be high", || {
            ARRIVED.load(Ordering::Acquire) == cpu + 1
        });
    }
    rebase();
    REBASED.store(1, Ordering::Release);
    resume(0);
    wait_until("the cores to resume", || {
        RESUMED.load(Ordering::Acquire) == CPUS - 1
    });
    leave_the_low_alias();

    for cpu in CpuId::all() {
        let area = maintenance::area(cpu.index());
        assert!(area.start > HIGH && area.start == percpu_area_base(cpu.index()));
        assert_eq!(WORD.read_remote(cpu), !(cpu.index() as u64) - 1);
        // SAFETY: rule 6, the other cores use no variable any more.
        let table = unsafe { TABLE.remote_ref_raw(cpu.index()) };
        assert_eq!(table[23], cpu.index() as u32);
    }
    // SAFETY: rule 17: the core uses its area no more.
    let built_anew = unsafe { percpu_hv::reinit_percpu_area(CpuId::new(3).expect("4 areas")) };
    println!("built anew high: {built_anew:?}");
    println!("{CPUS} CPUs low and high: ok");
    ExitCode::SUCCESS.exit()
}

/// Moves the areas, after some refusals.
fn rebase() {
    unsafe extern "C" {
        safe static _percpu_start: u8;
        safe static __image_start: u8;
    }
    let areas = (&raw const _percpu_start).cast_mut();
    let stride = percpu_hv::percpu_area_layout_expected(1).size();
    let try_at = |base: *mut u8| {
        // SAFETY: rule 4, the other cores wait; what is refused is readable.
        unsafe { percpu_hv::rebase_areas(base) }
    };
    println!("null: {:?}", try_at(ptr::null_mut()));
    println!("odd: {:?}", try_at(areas.wrapping_add(8)));
    println!(
        "wraps: {:?}",
        try_at(ptr::without_provenance_mut(stride.wrapping_neg()))
    );
    let second = areas.wrapping_add(stride);
    let error = percpu_hv::InitError::NoAreaAt {
        address: second.addr(),
        cpu_id: 0,
    };
    println!("one area further: {}", try_at(second) == Err(error));
    let code = (&raw const __image_start).cast_mut();
    println!("code: {:?}", try_at(code));
    println!("high: {:?}", try_at(areas));
    assert_eq!(percpu_area_base(0), areas.addr());
    assert!(maintenance::areas().any(|block| block.contains(&areas.addr())));
}

/// Takes this core's area at its high address, and finds what was written low.
fn resume(cpu: usize) {
    // SAFETY: rule 2, the id that this core took.
    unsafe { percpu_hv::resume_percpu_reg(cpu) };
    assert_eq!(percpu_hv::read_percpu_reg(), percpu_area_base(cpu));
    assert_eq!(percpu_hv::current_cpu().index(), cpu);
    assert_eq!(WORD.read_current(), !(cpu as u64));
    WORD.add_current(u64::MAX);
    HOT.write_current(8);
    // It is this core's, so it may ask for it again, and has no other one.
    percpu_hv::init_percpu_reg(cpu);
    assert!(percpu_hv::claim_percpu_reg((cpu + 1) % CPUS).is_err());
}

/// From here on an access to the low alias is an exception.
fn leave_the_low_alias() {
    // SAFETY: rule 11, all cores are high.
    unsafe { (*BLOCKS.0.get())[1] = 0 };
    forget_translations();
}

/// For an entry that turned the MMU on, which this image is not for.
fn main(_: &'static Machine) -> ExitCode {
    ExitCode::FAILURE
}
