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
