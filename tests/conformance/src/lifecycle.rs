//! CPUs that claim an id, and areas that are built anew.

use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::{
    CpuId, CpuPin, InitError, PerCpuOnce, claim_percpu_reg, current_cpu, def_percpu,
    init_percpu_reg, reinit_percpu_area,
};

use crate::{Bench, Test};

/// The last two build an area anew, and with it the variables of other tests.
pub(crate) const TESTS: &[Test] = &[
    ("each id is claimed by one CPU", claims),
    ("an area is built anew", reinit),
    ("a counter outlasts an area", outlasting),
];

/// As many ids as are told apart: the CPUs of the largest machine that runs this.
const MOST: usize = 512;

fn claims(bench: &Bench<'_>) {
    static WINNERS: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];

    let cpus = bench.cpus().min(MOST);
    bench.on_all(|cpu| {
        // All want the same ids, in the same order; but debug builds of a kernel tell a CPU that takes the area that
        // another one has, as they do here.
        let wanted = if cfg!(all(debug_assertions, target_os = "none")) {
            cpu..cpus.min(cpu + 1)
        } else {
            0..cpus
        };
        for (id, winners) in WINNERS
            .iter()
            .enumerate()
            .take(wanted.end)
            .skip(wanted.start)
        {
            match claim_percpu_reg(id) {
                Ok(claimed) => {
                    winners.fetch_add(1, Ordering::Relaxed);
                    bench.equal(cpu, (claimed.index(), current_cpu()), (id, claimed));
                    break;
                }
                Err(error) => bench.equal(cpu, error, InitError::CpuTaken { cpu_id: id }),
            }
        }
        init_percpu_reg(cpu);
    });
    for (id, winners) in WINNERS[..cpus].iter().enumerate() {
        bench.equal(id, winners.load(Ordering::Relaxed), 1);
    }
    bench.on_all(|cpu| {
        for cpu_id in 0..cpus {
            let error = InitError::CpuTaken { cpu_id };
            bench.equal(cpu, claim_percpu_reg(cpu_id), Err(error));
        }
    });
    bench.on_all(|cpu| {
        let cpu_count = percpu_hv::percpu_area_num();
        for cpu_id in [cpu_count, usize::MAX] {
            let error = InitError::NoSuchCpu { cpu_id, cpu_count };
            bench.equal(cpu, claim_percpu_reg(cpu_id), Err(error));
        }
        // A refused claim leaves the register as it was.
        bench.equal(cpu, current_cpu().index(), cpu);
    });
}

fn reinit(bench: &Bench<'_>) {
    #[def_percpu]
    static NUMBER: u64 = 5;
    #[def_percpu]
    static BYTES: [u8; 3] = *b"abc";
    #[def_percpu]
    static NAME: PerCpuOnce<usize> = PerCpuOnce::new();

    let Some(gone) = last_cpu(bench) else {
        return;
    };
    let last = gone.index();
    bench.on_all(|cpu| {
        NUMBER.write_current(6);
        BYTES.with_current(|bytes| bytes.fill(0xff));
        NAME.get(&CpuPin::new()).get_or_init(|| cpu);
    });
    // SAFETY: rule 6, that CPU waits for the next job.
    unsafe {
        NUMBER.reset_remote(gone);
        bench.equal(0, reinit_percpu_area(gone), Ok(()));
    }
    bench.on_all(|cpu| {
        if cpu != last {
            bench.equal(
                cpu,
                claim_percpu_reg(cpu),
                Err(InitError::CpuTaken { cpu_id: cpu }),
            );
        } else {
            bench.equal(cpu, claim_percpu_reg(cpu), Ok(gone));
        }
        bench.equal(cpu, current_cpu().index(), cpu);
        crate::areas::is_own(bench, cpu);
        let pin = CpuPin::new();
        let found = (NUMBER.read(&pin), BYTES.with_current(|bytes| *bytes));
        if cpu != last {
            bench.equal(cpu, found, (6, [0xff; 3]));
            bench.equal(cpu, NAME.get(&pin).get(), Some(&cpu));
        } else {
            bench.equal(cpu, found, (5, *b"abc"));
            bench.equal(cpu, NAME.get(&pin).get(), None);
        }
    });
}

#[cfg(target_has_atomic = "64")]
fn outlasting(bench: &Bench<'_>) {
    #[def_percpu]
    static COUNT: percpu_hv::PerCpuCounter<4> = percpu_hv::PerCpuCounter::new();

    let Some(gone) = last_cpu(bench) else {
        return;
    };
    bench.on_all(|cpu| COUNT.add(cpu as i64 + 3));
    let sum = COUNT.sum();
    // SAFETY: rule 6, that CPU waits for the next job.
    unsafe {
        COUNT.retire(gone);
        bench.equal(0, reinit_percpu_area(gone), Ok(()));
    }
    bench.equal(0, COUNT.sum(), sum);
    bench.on_all(|cpu| {
        if cpu == gone.index() {
            bench.equal(cpu, claim_percpu_reg(cpu), Ok(gone));
        }
        COUNT.add(1);
    });
    bench.equal(0, COUNT.sum(), sum + bench.cpus() as i64);
}

#[cfg(not(target_has_atomic = "64"))]
fn outlasting(bench: &Bench<'_>) {
    bench.skip("this architecture has no atomics of 64 bits, which a counter is made of");
}

/// The CPU that the tests take for gone, if there is another one.
fn last_cpu(bench: &Bench<'_>) -> Option<CpuId> {
    let last = bench.cpus() - 1;
    let gone = CpuId::new(last).filter(|_| last > 0);
    if gone.is_none() {
        bench.skip("there is no CPU but the one that runs this");
    }
    gone
}
