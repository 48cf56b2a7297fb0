//! CPUs that come online and go offline, and the hooks that are told.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use percpu_hv::{
    BringUpError, CpuId, InitError, bring_up, cpu_hook, current_cpu, def_percpu, retire,
};

const CPUS: usize = 4;

/// What the hooks did, in order.
static LOG: Mutex<Vec<(&str, usize)>> = Mutex::new(Vec::new());
/// Whether the hook `queue` refuses.
static FULL: AtomicBool = AtomicBool::new(false);
/// Whether it panics, and whether it makes its CPU another one.
static PANICS: AtomicBool = AtomicBool::new(false);
static OTHER: AtomicBool = AtomicBool::new(false);

#[def_percpu]
static LOAD: u32 = 0;

// Registered in no order.
cpu_hook!(queue, order = 20, up = queue_up, down = queue_down);
cpu_hook!(log, order = u32::MAX, up = log_up, down = log_down);
mod timer {
    percpu_hv::cpu_hook!(
        timer,
        order = 0,
        up = |cpu| super::note("timer up", cpu),
        down = |cpu| super::note("timer down", cpu).unwrap(),
    );
}

fn note(what: &'static str, cpu: CpuId) -> Result<(), &'static str> {
    assert_eq!(current_cpu(), cpu, "it runs on the CPU itself");
    assert!(!cpu.is_online());
    LOG.lock().unwrap().push((what, cpu.index()));
    Ok(())
}

fn queue_up(cpu: CpuId) -> Result<(), &'static str> {
    if PANICS.load(Ordering::Relaxed) {
        panic!("of the queue");
    }
    if OTHER.load(Ordering::Relaxed) {
        percpu_hv::init_percpu_reg(0);
        return Ok(());
    }
    if FULL.load(Ordering::Relaxed) {
        return Err("the queue is full");
    }
    note("queue up", cpu)
}

fn queue_down(cpu: CpuId) {
    note("queue down", cpu).unwrap();
}

fn log_up(cpu: CpuId) -> Result<(), &'static str> {
    note("log up", cpu)
}

fn log_down(cpu: CpuId) {
    note("log down", cpu).unwrap();
}

/// One test at a time has the CPUs, all offline.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let alone = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    percpu_hv::init_hosted(CPUS).unwrap();
    FULL.store(false, Ordering::Relaxed);
    for cpu in CpuId::all() {
        thread::spawn(move || {
            percpu_hv::init_percpu_reg(cpu.index());
            retire();
            LOAD.write_current(0);
        })
        .join()
        .unwrap();
    }
    LOG.lock().unwrap().clear();
    alone
}

fn online() -> Vec<usize> {
    CpuId::online().map(CpuId::index).collect()
}

#[test]
fn hooks_run_in_order_and_back() {
    let _alone = alone();
    let cpu = bring_up(1).unwrap();
    assert!(cpu.is_online());
    assert_eq!((cpu.index(), online()), (1, vec![1]));
    assert_eq!(retire(), Some(cpu));
    assert_eq!((retire(), online()), (None, vec![]), "it went already");
    let expected = [
        "timer up",
        "queue up",
        "log up",
        "log down",
        "queue down",
        "timer down",
    ];
    assert_eq!(*LOG.lock().unwrap(), expected.map(|what| (what, 1)));
}

#[test]
fn a_refusal_takes_back_what_ran() {
    let _alone = alone();
    FULL.store(true, Ordering::Relaxed);
    let refused = bring_up(2).unwrap_err();
    let (hook, reason) = ("queue", "the queue is full");
    assert_eq!(
        refused,
        BringUpError::Refused {
            cpu_id: 2,
            hook,
            reason
        }
    );
    let sentence = "the CPU hook `queue` refuses CPU id 2: the queue is full; the hooks before it were taken back";
    assert_eq!(refused.to_string(), sentence);
    assert_eq!(online(), []);
    assert_eq!(*LOG.lock().unwrap(), [("timer up", 2), ("timer down", 2)]);
    FULL.store(false, Ordering::Relaxed);
    assert_eq!(bring_up(2).map(CpuId::index), Ok(2), "another try");
    assert_eq!(online(), [2]);
}

#[test]
fn a_cpu_comes_once() {
    let _alone = alone();
    bring_up(3).unwrap();
    let again = bring_up(3).unwrap_err();
    assert_eq!(again, BringUpError::Online { cpu_id: 3 });
    assert!(again.to_string().contains("is online already"), "{again}");
    let none = InitError::NoSuchCpu {
        cpu_id: CPUS,
        cpu_count: CPUS,
    };
    assert_eq!(bring_up(CPUS), Err(BringUpError::Id(none)));
    assert_eq!(BringUpError::Id(none).to_string(), none.to_string());
}

#[test]
fn only_online_cpus_are_summed_and_listed() {
    let _alone = alone();
    for cpu in [0, 2, 3] {
        thread::spawn(move || {
            bring_up(cpu).unwrap();
            LOAD.write_current(1 << cpu);
        })
        .join()
        .unwrap();
    }
    assert_eq!((LOAD.sum_online(), LOAD.sum::<u32>()), (0b1101, 0b1101));
    assert_eq!(CpuId::online().next_back().map(CpuId::index), Some(3));
    assert_eq!(CpuId::online().size_hint(), (0, Some(CPUS)));
    percpu_hv::init_percpu_reg(2);
    assert_eq!(retire().map(CpuId::index), Some(2));
    assert_eq!(
        (LOAD.sum_online(), LOAD.sum::<u32>()),
        (0b1001, 0b1101),
        "its value is still there"
    );
    assert_eq!(online(), [0, 3]);
}

#[test]
fn of_many_threads_one_brings_a_cpu_up() {
    let _alone = alone();
    for round in 0..200 {
        let came = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    if bring_up(1).is_ok() {
                        came.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(came.load(Ordering::Relaxed), 1, "in round {round}");
        percpu_hv::init_percpu_reg(1);
        assert!(retire().is_some());
    }
}

#[test]
fn a_rebuilt_cpu_is_offline() {
    let _alone = alone();
    let cpu = bring_up(0).unwrap();
    // SAFETY: rule 17, this thread uses no variable until it is a CPU again.
    unsafe { percpu_hv::reinit_percpu_area(cpu) }.unwrap();
    assert!(!cpu.is_online());
    assert_eq!(bring_up(0), Ok(cpu));
}

#[test]
fn a_hook_that_panics_leaves_the_cpu_offline() {
    let _alone = alone();
    for (mistake, text) in [
        (&PANICS, "of the queue"),
        (&OTHER, "a CPU hook made CPU 2 another CPU"),
    ] {
        mistake.store(true, Ordering::Relaxed);
        let panic = thread::spawn(|| bring_up(2)).join().unwrap_err();
        mistake.store(false, Ordering::Relaxed);
        let said = panic.downcast::<String>().map_or_else(
            |other| (*other.downcast::<&str>().unwrap()).to_owned(),
            |said| *said,
        );
        assert!(said.contains(text), "{said}");
        assert_eq!(online(), []);
        assert_eq!(bring_up(2).map(CpuId::index), Ok(2), "another try");
        assert_eq!(retire().map(CpuId::index), Some(2));
    }
}

mod counters {
    use std::sync::atomic::AtomicI64;

    use percpu_hv::{Elements, PerCpuCounter, Shared, as_cpu, reinit_percpu_area, with_cpus};

    use super::*;

    #[derive(Elements, Default)]
    struct Exits<C> {
        /// No counter, although it has the size of one.
        last: AtomicI64,
        all: PerCpuCounter,
        by_reason: [PerCpuCounter; 3],
        nested: Nested<C>,
    }

    #[derive(Elements, Default)]
    struct Nested<C> {
        batched: [[C; 2]; 2],
    }

    impl<C> Shared for Exits<C> {}
    impl<C> Shared for Nested<C> {}

    const fn counters<const N: usize>() -> [PerCpuCounter; N] {
        [const { PerCpuCounter::new() }; N]
    }

    #[def_percpu]
    static PLAIN: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static BATCHED: PerCpuCounter<100> = PerCpuCounter::new();
    #[def_percpu]
    static IN_HOOKS: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static MANY: [PerCpuCounter; 3] = counters();
    #[def_percpu]
    static EXITS: Exits<PerCpuCounter<50>> = Exits {
        last: AtomicI64::new(0),
        all: PerCpuCounter::new(),
        by_reason: counters(),
        nested: Nested {
            batched: [const { [const { PerCpuCounter::new() }; 2] }; 2],
        },
    };

    cpu_hook!(
        counts,
        order = 5,
        up = |_| {
            IN_HOOKS.add(1);
            Ok(())
        },
        down = |_| IN_HOOKS.add(10)
    );

    /// Adds a number of its own to each counter.
    fn count() {
        PLAIN.add(1);
        BATCHED.add(2);
        MANY.elements().zip(3..).for_each(|(count, n)| count.add(n));
        let fields = EXITS.fields();
        fields.all.add(6);
        fields
            .by_reason
            .elements()
            .zip(7..)
            .for_each(|(count, n)| count.add(n));
        let of_rows = fields.nested.fields();
        for (row, n) in of_rows.batched.elements().zip([10, 12]) {
            row.at(0).add(n);
            row.at(1).add(n + 1);
        }
    }

    /// All sums, in the order of `count`.
    fn sums() -> Vec<i64> {
        let fields = EXITS.fields();
        let mut sums = vec![PLAIN.sum(), BATCHED.sum()];
        sums.extend(MANY.elements().map(|count| count.sum()));
        sums.push(fields.all.sum());
        sums.extend(fields.by_reason.elements().map(|count| count.sum()));
        let of_rows = fields.nested.fields();
        let rows = of_rows.batched.elements();
        sums.extend(rows.flat_map(|row| [row.at(0).sum(), row.at(1).sum()]));
        sums
    }

    fn added(before: &[i64]) -> Vec<i64> {
        sums()
            .iter()
            .zip(before)
            .map(|(sum, before)| sum - before)
            .collect()
    }

    /// CPUs 0 and 1 count, CPU 1 goes, and its area is built anew.
    fn a_cpu_goes() {
        let (before, in_hooks) = (sums(), IN_HOOKS.sum());
        bring_up(0).unwrap();
        count();
        let cpu = as_cpu(1, || {
            let cpu = bring_up(1).unwrap();
            count();
            EXITS.on(cpu).last.store(14, Ordering::Relaxed);
            assert_eq!(retire(), Some(cpu));
            cpu
        });
        let twice: Vec<i64> = (1..14).map(|n| 2 * n).collect();
        assert_eq!(added(&before), twice);
        assert_eq!(IN_HOOKS.sum() - in_hooks, 1 + 1 + 10);
        assert_eq!(EXITS.on(cpu).last.load(Ordering::Relaxed), 14);
        // What it counts later stays in its area, until that is rebuilt.
        as_cpu(1, || PLAIN.add(1));
        // SAFETY: rules 6 and 17, the CPU went, and no reference into its area is left.
        unsafe { reinit_percpu_area(cpu) }.unwrap();
        let later: Vec<i64> = twice
            .iter()
            .zip(1..)
            .map(|(n, place)| n + i64::from(place == 1))
            .collect();
        assert_eq!(added(&before), later);
        assert_eq!(IN_HOOKS.sum() - in_hooks, 12);
        assert_eq!(EXITS.on(cpu).last.load(Ordering::Relaxed), 0);
        retire();
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no linker, which collects the records")]
    fn a_cpu_that_goes_takes_no_count_with_it() {
        let _alone = alone();
        for _ in 0..3 {
            a_cpu_goes();
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no linker, which collects the records")]
    fn a_cpu_of_a_test_takes_no_count_with_it() {
        let _alone = alone();
        let process = sums();
        with_cpus(2, || {
            assert_eq!(sums(), [0; 13]);
            a_cpu_goes();
        });
        assert_eq!(sums(), process);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no linker, which collects the records")]
    fn a_cpu_that_is_refused_takes_no_count_with_it() {
        let _alone = alone();
        FULL.store(true, Ordering::Relaxed);
        let before = IN_HOOKS.sum();
        bring_up(2).unwrap_err();
        // SAFETY: rules 6 and 17, the CPU is offline, and no reference into its area is left.
        unsafe { reinit_percpu_area(CpuId::new(2).unwrap()) }.unwrap();
        assert_eq!(IN_HOOKS.sum() - before, 1 + 10);
    }
}

/// A thread that polls for an area, while it is not built.
mod unbuilt {
    use std::panic;

    use percpu_hv::{as_cpu, poison_percpu_area, reinit_percpu_area};

    use super::*;

    /// What `number` does.
    enum Does {
        Makes,
        Polls,
        Panics,
    }

    static DOES: Mutex<Does> = Mutex::new(Does::Makes);

    #[def_percpu(init = number)]
    static NUMBER: Box<usize>;

    fn number(cpu: usize) -> Box<usize> {
        let does = std::mem::replace(&mut *DOES.lock().unwrap(), Does::Makes);
        match does {
            Does::Makes => {}
            Does::Polls => assert_nobody_takes(cpu),
            Does::Panics => panic::resume_unwind(Box::new(())),
        }
        Box::new(cpu + 1)
    }

    fn assert_nobody_takes(cpu_id: usize) {
        let taken = InitError::CpuTaken { cpu_id };
        let polls = move || assert_eq!(bring_up(cpu_id), Err(BringUpError::Id(taken)));
        thread::spawn(polls).join().unwrap();
        let ways: [fn(usize); 2] = [percpu_hv::init_percpu_reg, |cpu| as_cpu(cpu, || ())];
        for way in ways {
            let panic = thread::spawn(move || way(cpu_id)).join().unwrap_err();
            assert_eq!(*panic.downcast::<String>().unwrap(), taken.to_string());
        }
        assert!(!CpuId::new(cpu_id).unwrap().is_online());
    }

    fn assert_someone_takes(cpu_id: usize) {
        let cpu = bring_up(cpu_id).unwrap();
        NUMBER.with_current(|number| assert_eq!(**number, cpu_id + 1));
        assert_eq!(retire(), Some(cpu));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no linker, which collects the functions")]
    fn a_cpu_comes_after_its_area_is_built() {
        let _alone = alone();
        let cpu = CpuId::new(3).unwrap();
        // SAFETY: rules 6 and 17, the CPU is offline, and no reference into its area is left. It forgets a box.
        let rebuild = || unsafe { reinit_percpu_area(cpu) };

        *DOES.lock().unwrap() = Does::Polls;
        rebuild().unwrap();
        assert_someone_takes(3);

        *DOES.lock().unwrap() = Does::Panics;
        panic::catch_unwind(rebuild).unwrap_err();
        assert_nobody_takes(3);
        rebuild().unwrap();
        assert_someone_takes(3);

        // SAFETY: as above, and nothing reads the values of all CPUs until the rebuild.
        unsafe { poison_percpu_area(cpu) }.unwrap();
        assert_nobody_takes(3);
        rebuild().unwrap();
        assert_someone_takes(3);
    }
}
