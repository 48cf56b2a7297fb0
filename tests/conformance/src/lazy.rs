//! Values that are made at their first use.

use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::{CpuId, CpuPin, PerCpuOnce, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a value is made once on each CPU", once),
    ("of all CPUs one fills a cell", race),
];

fn once(bench: &Bench<'_>) {
    #[def_percpu(cold)]
    static TABLE: PerCpuOnce<[usize; 16]> = PerCpuOnce::new();
    static MADE: AtomicUsize = AtomicUsize::new(0);

    bench.on_all(|cpu| {
        let pin = CpuPin::new();
        let cell = TABLE.get(&pin);
        bench.equal(cpu, cell.get(), None);
        let made = cell.get_or_init(|| {
            // Asked without force, a cell that is being filled is neither empty nor full.
            bench.equal(cpu, (cell.get(), cell.set([0; 16])), (None, Err([0; 16])));
            MADE.fetch_add(1, Ordering::Relaxed);
            [cpu; 16]
        });
        bench.equal(cpu, *made, [cpu; 16]);
        bench.holds(cpu, ptr::eq(made, cell.get_or_init(|| [0; 16])));
        bench.equal(cpu, cell.set([1; 16]), Err([1; 16]));
        bench.equal(cpu, cell.get(), Some(&[cpu; 16]));
    });
    bench.equal(0, MADE.load(Ordering::Relaxed), bench.cpus());
}

fn race(bench: &Bench<'_>) {
    #[def_percpu]
    static OWNER: PerCpuOnce<[usize; 8]> = PerCpuOnce::new();
    static WINNERS: AtomicUsize = AtomicUsize::new(0);

    bench.on_all(|cpu| {
        for cell in CpuId::all().take(bench.cpus()).map(|other| OWNER.on(other)) {
            if cell.set([cpu; 8]).is_ok() {
                WINNERS.fetch_add(1, Ordering::Relaxed);
                bench.equal(cpu, cell.get(), Some(&[cpu; 8]));
            }
            // Another CPU may be filling it; what is seen is whole.
            if let Some(owner) = cell.get() {
                bench.equal(cpu, *owner, [owner[0]; 8]);
            }
        }
    });
    bench.equal(0, WINNERS.load(Ordering::Relaxed), bench.cpus());
}
