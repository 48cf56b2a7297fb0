//! Variables in the groups that `def_percpu` knows: the same methods, other addresses.

use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::{CpuPin, PerCpu, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("hot variables of every width", hot),
    ("hot variables under a pin", pinned),
    ("a hot struct", structure),
    ("defect 58: page-aligned and cache-aligned variables", alone),
    ("read-mostly variables", read_mostly),
];

#[def_percpu(hot)]
static BYTE: i8 = -1;
#[def_percpu(hot)]
static FLAG: bool = true;
#[def_percpu(hot)]
static HALF: u16 = 0xa1b2;
#[def_percpu(hot)]
static WORD: u32 = 0xa1b2_c3d4;
#[def_percpu(hot)]
static DOUBLE: u64 = 0xa1b2_c3d4_e5f6_0718;
#[def_percpu(hot)]
static POINTER: *const u8 = core::ptr::null();

fn hot(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        bench.equal(cpu, BYTE.read_current(), -1);
        bench.equal(cpu, FLAG.read_current(), true);
        bench.equal(cpu, HALF.read_current(), 0xa1b2);
        bench.equal(cpu, WORD.read_current(), 0xa1b2_c3d4);
        bench.equal(cpu, DOUBLE.read_current(), 0xa1b2_c3d4_e5f6_0718);
        bench.holds(cpu, POINTER.read_current().is_null());

        BYTE.write_current(-1 - (cpu % 100) as i8);
        FLAG.write_current(cpu % 2 == 0);
        HALF.write_current(cpu as u16);
        WORD.add_current(cpu as u32);
        DOUBLE.with_current(|double| *double -= cpu as u64);
        POINTER.write_current(core::ptr::without_provenance(cpu + 1));
    });
    bench.on_all(|cpu| {
        bench.equal(cpu, BYTE.fetch_sub_current(1), -1 - (cpu % 100) as i8);
        bench.equal(cpu, FLAG.swap_current(true), cpu % 2 == 0);
        bench.equal(
            cpu,
            HALF.compare_exchange_current(cpu as u16, 7),
            Ok(cpu as u16),
        );
        bench.equal(cpu, WORD.read_current(), 0xa1b2_c3d4 + cpu as u32);
        bench.equal(
            cpu,
            DOUBLE.read_current(),
            0xa1b2_c3d4_e5f6_0718 - cpu as u64,
        );
        bench.equal(cpu, POINTER.read_current().addr(), cpu + 1);
        bench.equal(cpu, BYTE.read_current(), -2 - (cpu % 100) as i8);
        bench.equal(cpu, FLAG.read_current(), true);
        bench.equal(cpu, HALF.read_current(), 7);
    });
}

fn pinned(bench: &Bench<'_>) {
    #[def_percpu(hot)]
    static FIRST: u32 = 1;
    #[def_percpu(hot)]
    static SECOND: u8 = 2;
    #[def_percpu]
    static THIRD: u64 = 3;

    bench.on_all(|cpu| {
        let pin = CpuPin::new();
        bench.equal(cpu, FIRST.read(&pin), 1);
        bench.equal(cpu, SECOND.read(&pin), 2);
        bench.equal(cpu, THIRD.read(&pin), 3);
        FIRST.write(&pin, cpu as u32);
        SECOND.write(&pin, cpu as u8);
        THIRD.write(&pin, cpu as u64);
        bench.equal(cpu, FIRST.read(&pin), cpu as u32);
        bench.equal(cpu, SECOND.read(&pin), cpu as u8);
        bench.equal(cpu, THIRD.read_current(), cpu as u64);
    });
}

fn structure(bench: &Bench<'_>) {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Pair(u64, u16);
    #[def_percpu(hot)]
    static PAIR: Pair = Pair(1, 2);

    bench.on_all(|cpu| {
        PAIR.with_current(|pair| {
            bench.equal(cpu, *pair, Pair(1, 2));
            *pair = Pair(cpu as u64, 3);
        });
    });
    bench.on_all(|cpu| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, all CPUs only read in this phase.
            let pair = unsafe { *PAIR.remote_ref_raw(other) };
            bench.equal(cpu, pair, Pair(other as u64, 3));
        }
    });
}

/// What two variables that other CPUs write are apart, at least: a cache line, and a pair of lines where the processor
/// fetches the neighbour too (Intel 64 and IA-32 Architectures Optimization Reference Manual, "Data Prefetching") or has
/// lines of 128 bytes, as some AArch64 ones.
const APART: usize = if cfg!(any(target_arch = "aarch64", target_arch = "x86_64")) {
    128
} else {
    64
};

fn alone(bench: &Bench<'_>) {
    #[def_percpu(page_aligned)]
    static PAGE: u8 = 1;
    #[def_percpu(page_aligned)]
    static NEXT: [u16; 3] = [1, 2, 3];
    #[def_percpu(cache_aligned)]
    static LINE: AtomicUsize = AtomicUsize::new(4);
    #[def_percpu(cache_aligned)]
    static OTHER: AtomicUsize = AtomicUsize::new(5);

    /// Whether the variables start at multiples of `unit`, and no two are within one.
    fn apart<S, T>(
        bench: &Bench<'_>,
        cpu: usize,
        variable: &PerCpu<S, T>,
        other: usize,
        unit: usize,
    ) where
        S: percpu_hv::Place<T>,
    {
        // SAFETY: rule 5, only the address is used.
        let address = unsafe { variable.current_ptr() }.addr();
        bench.equal(cpu, address % unit, 0);
        bench.holds(cpu, address.abs_diff(other) >= unit);
    }

    bench.on_all(|cpu| {
        // SAFETY: rule 5, only the addresses are used.
        let (next, other) = unsafe { (NEXT.current_ptr().addr(), OTHER.current_ptr().addr()) };
        apart(bench, cpu, &PAGE, next, 4096);
        apart(bench, cpu, &LINE, other, APART);
        PAGE.inc_current();
        bench.equal(cpu, PAGE.read_current(), 2);
        bench.equal(cpu, NEXT.with_current(|next| *next), [1, 2, 3]);
    });
    bench.on_all(|_| {
        for (_, line) in LINE.iter() {
            line.fetch_add(1, Ordering::Relaxed);
        }
    });
    // There may be more areas than CPUs.
    let expected = (4 + bench.cpus()) * percpu_hv::percpu_area_num();
    let sum = LINE.fold(0, |sum, line| sum + line.load(Ordering::Relaxed));
    bench.equal(0, sum, expected);
}

fn read_mostly(bench: &Bench<'_>) {
    #[def_percpu(read_mostly)]
    static SETTING: u32 = 9;

    bench.on_all(|cpu| {
        bench.equal(cpu, SETTING.read_current(), 9);
        SETTING.write_current(cpu as u32);
        bench.equal(cpu, SETTING.read_current(), cpu as u32);
    });
}
