//! CPU ids, and what other CPUs hold, while all of them run.

use core::sync::atomic::{AtomicU32, Ordering};

use percpu_hv::{CpuId, current_cpu, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("every CPU knows its id", ids),
    ("every CPU reaches all copies", copies),
    ("sums over all CPUs", sums),
    ("a value of another CPU is whole", whole),
];

fn ids(bench: &Bench<'_>) {
    let count = percpu_hv::percpu_area_num();
    bench.equal(0, CpuId::all().len(), count);
    bench.holds(0, CpuId::all().map(CpuId::index).eq(0..count));
    bench.equal(0, CpuId::new(count), None);
    bench.on_all(|cpu| {
        bench.equal(cpu, current_cpu().index(), cpu);
        bench.equal(cpu, CpuId::new(cpu), Some(current_cpu()));
    });
}

fn copies(bench: &Bench<'_>) {
    #[def_percpu]
    static HITS: AtomicU32 = AtomicU32::new(1);

    bench.on_all(|cpu| {
        for (other, hits) in HITS.iter() {
            hits.fetch_add(cpu as u32 + other.index() as u32, Ordering::Relaxed);
        }
    });
    let cpus = bench.cpus() as u32;
    let by_all = cpus * (cpus - 1) / 2;
    bench.on_all(|cpu| {
        let own = HITS.on(current_cpu()).load(Ordering::Relaxed);
        bench.equal(cpu, own, 1 + by_all + cpus * cpu as u32);
    });
    let areas = CpuId::all().len() as u32;
    let sum = HITS.fold(0, |sum, hits| sum + hits.load(Ordering::Relaxed));
    bench.equal(
        0,
        sum,
        areas * (1 + by_all) + cpus * (areas * (areas - 1) / 2),
    );
}

fn sums(bench: &Bench<'_>) {
    #[def_percpu]
    static BYTE: u8 = 0;
    #[def_percpu]
    static SIGNED: i64 = 0;

    bench.on_all(|cpu| {
        BYTE.write_current(0x81);
        SIGNED.write_current(-(cpu as i64));
    });
    let cpus = bench.cpus();
    bench.equal(0, BYTE.sum(), 0x81_u8.wrapping_mul(cpus as u8));
    bench.on_all(|cpu| {
        bench.equal(cpu, SIGNED.sum(), -((cpus * (cpus - 1) / 2) as i64));
        for other in CpuId::all().take(cpus) {
            bench.equal(cpu, SIGNED.read_remote(other), -(other.index() as i64));
        }
    });
}

fn whole(bench: &Bench<'_>) {
    #[cfg(not(target_has_atomic = "64"))]
    type Widest = u32;
    #[cfg(target_has_atomic = "64")]
    type Widest = u64;
    #[def_percpu]
    static WORD: Widest = 0;

    bench.on_all(|cpu| {
        for _ in 0..2_000 {
            WORD.write_current(Widest::MAX);
            WORD.add_current(1);
            WORD.swap_current(Widest::MAX);
            WORD.xor_current(Widest::MAX);
            for other in CpuId::all().take(bench.cpus()) {
                let word = WORD.read_remote(other);
                if word != 0 && word != Widest::MAX {
                    bench.equal(cpu, word, 0);
                }
            }
        }
    });
}
