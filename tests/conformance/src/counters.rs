//! Counters that all CPUs add to at once.

use core::sync::atomic::{AtomicI64, Ordering};

use percpu_hv::{CpuId, PerCpuCounter, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a counter loses no addition", exact),
    ("a counter's batches lose no addition", batches),
    ("a sum is never too high", never_too_high),
    ("counters in an array count each", array),
];

const EACH: i64 = 2_000;

fn exact(bench: &Bench<'_>) {
    #[def_percpu]
    static EXITS: PerCpuCounter = PerCpuCounter::new();

    bench.on_all(|cpu| {
        for _ in 0..EACH {
            EXITS.add(cpu as i64 + 2);
            EXITS.sub(1);
        }
    });
    let cpus = bench.cpus() as i64;
    let expected = EACH * (cpus + cpus * (cpus - 1) / 2);
    bench.on_all(|cpu| bench.equal(cpu, EXITS.sum(), expected));
}

fn batches(bench: &Bench<'_>) {
    const BATCH: i64 = 16;
    #[def_percpu]
    static PAGES: PerCpuCounter<BATCH> = PerCpuCounter::new();
    #[def_percpu]
    static MOVED: PerCpuCounter<1> = PerCpuCounter::new();

    bench.on_all(|_| {
        for _ in 0..EACH {
            PAGES.add(3);
            PAGES.sub(1);
            MOVED.add(-1);
        }
    });
    let expected = 2 * EACH * bench.cpus() as i64;
    bench.equal(0, PAGES.sum(), expected);
    bench.holds(
        0,
        (PAGES.approximate() - expected).abs() < BATCH * bench.cpus() as i64,
    );
    bench.equal(
        0,
        (MOVED.sum(), MOVED.approximate()),
        (-expected / 2, -expected / 2),
    );
}

fn never_too_high(bench: &Bench<'_>) {
    #[def_percpu]
    static COUNT: PerCpuCounter<2> = PerCpuCounter::new();
    static BEGUN: AtomicI64 = AtomicI64::new(0);

    bench.on_all(|cpu| {
        for _ in 0..200 {
            BEGUN.fetch_add(1, Ordering::SeqCst);
            COUNT.add(1);
            if cpu == 0 {
                let sum = COUNT.sum();
                bench.holds(cpu, sum <= BEGUN.load(Ordering::SeqCst));
            }
        }
    });
    bench.equal(0, COUNT.sum(), 200 * bench.cpus() as i64);
    // SAFETY: rule 6, no CPU adds any more.
    CpuId::all().for_each(|cpu| unsafe { COUNT.retire(cpu) });
    bench.equal(0, COUNT.sum(), 200 * bench.cpus() as i64);
}

fn array(bench: &Bench<'_>) {
    #[def_percpu]
    static COUNTS: [PerCpuCounter<8>; 3] = [const { PerCpuCounter::new() }; 3];

    bench.on_all(|_| {
        for step in 0..600 {
            COUNTS.at(step % 3).add(step as i64 % 3 + 1);
        }
    });
    for (amount, count) in (1..).zip(COUNTS.elements()) {
        bench.equal(0, count.sum(), 200 * amount * bench.cpus() as i64);
        // SAFETY: rule 6, no CPU adds any more.
        CpuId::all().for_each(|cpu| unsafe { count.retire(cpu) });
        bench.equal(0, count.approximate(), 200 * amount * bench.cpus() as i64);
    }
}
