//! Variables that are made at run time.

use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::{CpuId, CpuPin, DynError, DynPerCpu, IrqOff, kind, reinit_percpu_area};

use crate::{Bench, Test};

pub(crate) const TESTS_BEFORE_INIT: &[Test] = &[("no variable is made before init", before_init)];

pub(crate) const TESTS: &[Test] = &[
    ("a variable is made with a value for each CPU", made),
    ("each kind of variable is made at run time", kinds),
    ("the values of all CPUs are dropped", dropped),
    ("space ends, and is used again", space),
    ("a variable that is made is aligned", aligned),
    ("very many variables are made on every CPU at once", stress),
];

pub(crate) const TESTS_OF_AREAS: &[Test] = &[("variables outlast the rebuild of an area", rebuilt)];

fn before_init(bench: &Bench<'_>) {
    let error = DynPerCpu::<usize>::new(0).map(|_| ());
    bench.equal(0, error, Err(DynError::NotInitialized));
}

fn all() -> usize {
    percpu_hv::percpu_area_num()
}

fn made(bench: &Bench<'_>) {
    const ROUNDS: usize = 1_000;
    let events: DynPerCpu<usize> = DynPerCpu::new_with(|cpu| cpu.index() + 7).unwrap();
    for (cpu, value) in events.values() {
        bench.equal(cpu.index(), value, cpu.index() + 7);
    }
    bench.on_all(|cpu| {
        bench.equal(cpu, events.read_current(), cpu + 7);
        for _ in 0..ROUNDS {
            events.inc_current();
            events.write(&CpuPin::new(), events.read_current() + 2);
            events.sub_current(1);
            events.with_current(|events| *events += 1);
        }
        bench.equal(cpu, events.fetch_add_current(0), cpu + 7 + 3 * ROUNDS);
        // SAFETY: rule 2, this CPU has its register; nothing is read.
        let own = unsafe { events.current_ptr() }.addr();
        bench.equal(cpu, own, percpu_hv::percpu_area_base(cpu) + events.offset());
    });
    let sum = (0..all()).map(|cpu| cpu + 7).sum::<usize>() + 3 * ROUNDS * bench.cpus();
    bench.equal(0, events.sum::<usize>(), sum);
}

fn kinds(bench: &Bench<'_>) {
    let shared: DynPerCpu<AtomicUsize, kind::Shared> =
        DynPerCpu::new_with(|_| AtomicUsize::new(3)).unwrap();
    let list: DynPerCpu<[u8; 5], kind::Exclusive> = DynPerCpu::new(*b"bytes").unwrap();
    let cell: DynPerCpu<RefCell<[u8; 3]>, kind::Shared> =
        DynPerCpu::new(RefCell::new([1, 2, 3])).unwrap();
    bench.on_all(|cpu| {
        shared.get(&CpuPin::new()).fetch_add(cpu, Ordering::Relaxed);
        list.with_current(|bytes| {
            bench.equal(cpu, *bytes, *b"bytes");
            bench.holds(cpu, list.try_with_current(|_| ()).is_err());
            bytes[0] = cpu as u8;
        });
        bench.equal(cpu, list.try_with_current(|bytes| bytes[0]), Ok(cpu as u8));
        let irq = IrqOff::new();
        let mut cell = cell.borrow_mut(&irq);
        bench.equal(cpu, *cell, [1, 2, 3]);
        cell[0] = cpu as u8;
    });
    for cpu in CpuId::all().take(bench.cpus()) {
        let found = shared.on(cpu).load(Ordering::Relaxed);
        bench.equal(cpu.index(), found, cpu.index() + 3);
    }
    #[cfg(target_has_atomic = "64")]
    counters(bench);
}

#[cfg(target_has_atomic = "64")]
fn counters(bench: &Bench<'_>) {
    use percpu_hv::PerCpuCounter;

    const EACH: i64 = 100;
    // One after the other in the same space: each total begins at 0.
    for _ in 0..2 {
        let pages: DynPerCpu<PerCpuCounter<16>, kind::Shared> =
            DynPerCpu::new_with(|_| PerCpuCounter::new()).unwrap();
        bench.on_all(|_| (0..EACH).for_each(|_| pages.add(3)));
        let sum = 3 * EACH * bench.cpus() as i64;
        bench.equal(0, pages.sum::<i64>(), sum);
        bench.holds(
            0,
            (sum - pages.approximate()).abs() < 16 * bench.cpus() as i64,
        );
    }
}

/// Values that are live.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// A value that is no bitwise copy, and counts.
struct Owned(usize);

impl Owned {
    fn new(value: usize) -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self(value)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

fn dropped(bench: &Bench<'_>) {
    let owned: DynPerCpu<Owned, kind::Exclusive> =
        DynPerCpu::new_with(|cpu| Owned::new(cpu.index())).unwrap();
    bench.equal(0, LIVE.load(Ordering::Relaxed), all());
    bench.on_all(|cpu| {
        owned.with_current(|owned| {
            bench.equal(cpu, owned.0, cpu);
            *owned = Owned::new(cpu + 100);
        });
    });
    bench.equal(0, LIVE.load(Ordering::Relaxed), all());
    let first = CpuId::new(0).unwrap();
    // SAFETY: rule 6, no CPU uses the variable now.
    unsafe { owned.replace_remote(first, Owned::new(1)) };
    bench.equal(0, LIVE.load(Ordering::Relaxed), all());
    drop(owned);
    bench.equal(0, LIVE.load(Ordering::Relaxed), 0);
}

/// Makes as many variables of 1 KiB as there is space for, and returns their number and the error.
fn fill(bench: &Bench<'_>) -> (usize, DynError) {
    let mut variables = [const { None }; 64];
    for (number, place) in variables.iter_mut().enumerate() {
        let bytes = [number as u8; 1024];
        match DynPerCpu::<[u8; 1024], kind::Exclusive>::new(bytes) {
            Ok(variable) => *place = Some(variable),
            Err(error) => {
                bench.on_all(|cpu| {
                    for (number, variable) in variables[..number].iter().flatten().enumerate() {
                        let whole = variable.with_current(|bytes| *bytes == [number as u8; 1024]);
                        bench.holds(cpu, whole);
                    }
                });
                return (number, error);
            }
        }
    }
    panic!("the reserve is larger than the test expects")
}

fn space(bench: &Bench<'_>) {
    let (number, error) = fill(bench);
    bench.holds(0, number >= 3);
    bench.holds(
        0,
        matches!(error, DynError::OutOfSpace { needed: 1040, free } if free < 1040),
    );
    bench.equal(0, fill(bench), (number, error));
}

fn aligned(bench: &Bench<'_>) {
    #[repr(align(64))]
    struct Line(u8);
    #[repr(align(8192))]
    struct Large(#[allow(dead_code, reason = "only its alignment matters")] u8);

    let small: DynPerCpu<u8> = DynPerCpu::new(1).unwrap();
    let line: DynPerCpu<Line, kind::Exclusive> = DynPerCpu::new_with(|_| Line(2)).unwrap();
    let more: DynPerCpu<u8> = DynPerCpu::new(3).unwrap();
    bench.on_all(|cpu| {
        line.with_current(|line| {
            bench.equal(cpu, (&raw const *line).addr() % 64, 0);
            line.0 += 4;
        });
        bench.equal(cpu, (small.read_current(), more.read_current()), (1, 3));
    });
    let large = DynPerCpu::<Large, kind::Exclusive>::new_with(|_| Large(0));
    bench.holds(
        0,
        matches!(large, Err(DynError::Misaligned { align: 8192, limit })
        if limit < 8192),
    );
}

/// Returns how many variables are made by all CPUs together: the most on four CPUs. Debug builds look at the register in
/// each access.
fn creations(cpus: usize) -> usize {
    if cpus == 4 && !cfg!(debug_assertions) {
        100_000
    } else {
        10_000
    }
}

fn stress(bench: &Bench<'_>) {
    let each = creations(bench.cpus()) / bench.cpus();
    bench.on_all(|cpu| {
        let tag = |round: usize| (cpu + 1) << 24 | round;
        // A full reserve is no mistake where very many CPUs share it.
        let make = |tag| loop {
            match DynPerCpu::<usize>::new(tag) {
                Err(DynError::OutOfSpace { .. }) => core::hint::spin_loop(),
                made => break made.unwrap(),
            }
        };
        // Its own values, and no others: this CPU's is one more than the tag.
        let check = |variable: &DynPerCpu<usize>, round: usize| {
            let sum = tag(round).wrapping_mul(all()).wrapping_add(1);
            bench.equal(cpu, variable.sum::<usize>(), sum);
        };
        let mut older: Option<DynPerCpu<usize>> = None;
        for round in 0..each {
            let variable = make(tag(round));
            variable.inc_current();
            bench.equal(cpu, variable.read_current(), tag(round) + 1);
            // A sum looks at all areas, of which there are more than CPUs.
            if round % 64 == 0 {
                check(&variable, round);
            }
            if let Some(older) = older.filter(|_| round % 64 == 1) {
                check(&older, round - 1);
            }
            older = Some(variable);
        }
    });
}

fn rebuilt(bench: &Bench<'_>) {
    let value: DynPerCpu<usize> = DynPerCpu::new(5).unwrap();
    let list: DynPerCpu<[u8; 4], kind::Exclusive> = DynPerCpu::new([1, 2, 3, 4]).unwrap();
    bench.on_all(|cpu| {
        value.write_current(cpu + 50);
        list.with_current(|list| list[0] = cpu as u8);
    });
    for cpu in CpuId::all().take(bench.cpus()).skip(1) {
        // SAFETY: rule 17, no CPU uses its area until it claims it again.
        bench.equal(0, unsafe { reinit_percpu_area(cpu) }, Ok(()));
        bench.equal(0, value.read_remote(cpu), cpu.index() + 50);
    }
    bench.on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu);
        bench.equal(cpu, value.read_current(), cpu + 50);
        bench.equal(cpu, list.with_current(|list| list[0]), cpu as u8);
    });
}
