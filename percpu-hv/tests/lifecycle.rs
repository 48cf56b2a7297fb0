//! CPUs that come and go: ids claimed, areas built anew, values released or forgotten.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{hint, panic, thread};

use percpu_hv::{
    CpuId, CpuPin, InitError, PerCpuCounter, PerCpuOnce, claim_percpu_reg, current_cpu, def_percpu,
    poison_percpu_area, reinit_percpu_area, resume_percpu_reg,
};

const CPUS: usize = 4;

/// Areas as after init. One test at a time has them.
fn fresh_areas() -> MutexGuard<'static, ()> {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let alone = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    percpu_hv::init_hosted(CPUS).unwrap();
    CpuId::all().for_each(reinit);
    alone
}

/// Builds the area of a CPU that no thread plays.
fn reinit(cpu: CpuId) {
    // SAFETY: rules 6 and 17, the test is alone, and its threads have ended or use no variable.
    assert_eq!(unsafe { reinit_percpu_area(cpu) }, Ok(()));
}

fn id(index: usize) -> CpuId {
    CpuId::new(index).unwrap()
}

/// Waits, and goes on in the same moment as the thread that ends it.
fn spin_until(condition: impl Fn() -> bool) {
    for spins in 1_u32.. {
        if condition() {
            return;
        }
        // There may be one processor.
        if spins % 1_000 == 0 {
            thread::yield_now();
        } else {
            hint::spin_loop();
        }
    }
}

/// Runs `f` on a thread of its own, which is no CPU yet.
fn on_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let joined = scope.spawn(f).join();
        joined.unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

fn on_cpu<R: Send>(cpu: usize, f: impl FnOnce() -> R + Send) -> R {
    on_thread(|| {
        percpu_hv::init_percpu_reg(cpu);
        f()
    })
}

#[test]
fn an_id_is_claimed_once() {
    let _alone = fresh_areas();
    on_thread(|| {
        assert_eq!(claim_percpu_reg(2), Ok(id(2)));
        assert_eq!(current_cpu(), id(2));
        let again = claim_percpu_reg(2);
        assert_eq!(again, Err(InitError::CpuTaken { cpu_id: 2 }));
    });
    on_thread(|| {
        // The thread that had it is gone; the id is not free for that.
        let error = claim_percpu_reg(2).unwrap_err();
        assert_eq!(error, InitError::CpuTaken { cpu_id: 2 });
        assert!(error.to_string().contains("belongs to another CPU already"));
        assert_eq!(percpu_hv::read_percpu_reg(), 0, "still no CPU");
    });
    reinit(id(2));
    on_thread(|| assert_eq!(claim_percpu_reg(2), Ok(id(2))));
}

#[test]
fn an_id_that_there_is_not_is_not_claimed() {
    let _alone = fresh_areas();
    for cpu_id in [CPUS, usize::MAX] {
        on_thread(|| {
            let error = claim_percpu_reg(cpu_id).unwrap_err();
            let cpu_count = CPUS;
            assert_eq!(error, InitError::NoSuchCpu { cpu_id, cpu_count });
            assert!(error.to_string().contains("dense indices"), "{error}");
            assert_eq!(percpu_hv::read_percpu_reg(), 0, "still no CPU");
        });
    }
}

#[test]
fn of_many_claims_at_once_one_succeeds() {
    let _alone = fresh_areas();
    for _ in 0..50 {
        let claimed = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| match claim_percpu_reg(1) {
                    Ok(_) => claimed.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        assert_eq!(error, InitError::CpuTaken { cpu_id: 1 });
                        0
                    }
                });
            }
        });
        assert_eq!(claimed.into_inner(), 1);
        reinit(id(1));
    }
}

#[test]
fn defect_37_a_thread_that_polls_gets_a_whole_area() {
    const ROUNDS: u32 = 300;
    const MANY: usize = 1 << 17;
    // It takes a while to copy.
    #[def_percpu]
    static WORDS: [usize; MANY] = [7; MANY];

    let _alone = fresh_areas();
    let used = AtomicU32::new(0);
    thread::scope(|scope| {
        let poller = scope.spawn(|| {
            for round in 1..=ROUNDS {
                spin_until(|| claim_percpu_reg(2).is_ok());
                assert_eq!(current_cpu(), id(2), "round {round}");
                WORDS.with_current(|words| {
                    // What is copied last comes first.
                    assert_eq!(words.iter().rposition(|&word| word != 7), None);
                    words.fill(9);
                });
                used.store(round, Ordering::Release);
            }
        });
        for round in 1..=ROUNDS {
            spin_until(|| used.load(Ordering::Acquire) == round || poller.is_finished());
            // That it is finished orders nothing: its last round may be one that was not seen yet.
            if used.load(Ordering::Acquire) != round {
                break;
            }
            reinit(id(2));
        }
    });
}

#[test]
fn a_cpu_comes_back_to_its_values() {
    #[def_percpu]
    static NUMBER: u64 = 5;

    let _alone = fresh_areas();
    on_thread(|| {
        assert_eq!(claim_percpu_reg(2), Ok(id(2)));
        NUMBER.write_current(6);
    });
    on_thread(|| {
        // SAFETY: rule 2, the thread that had it is gone.
        unsafe { resume_percpu_reg(2) };
        assert_eq!((current_cpu(), NUMBER.read_current()), (id(2), 6));
    });
    on_thread(|| {
        let taken = Err(InitError::CpuTaken { cpu_id: 2 });
        assert_eq!(claim_percpu_reg(2), taken, "the id stays taken");
    });
    let refused = panic::catch_unwind(|| {
        // SAFETY: rule 2, there is no such area.
        unsafe { resume_percpu_reg(CPUS) }
    });
    let text = refused.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("CPU id 4 is out of range"), "{text}");
}

#[test]
fn an_area_built_anew_has_the_initial_values() {
    #[def_percpu]
    static NUMBER: u64 = 5;
    #[def_percpu]
    static BYTES: [u8; 3] = [1, 2, 3];
    #[def_percpu]
    static NAME: PerCpuOnce<String> = PerCpuOnce::new();

    let _alone = fresh_areas();
    for cpu in [2, 3] {
        on_cpu(cpu, || {
            NUMBER.write_current(6);
            BYTES.with_current(|bytes| bytes.fill(9));
            NAME.get(&CpuPin::new()).get_or_init(|| "old".into());
        });
    }
    // SAFETY: rule 6, CPU 2 does not run.
    unsafe { NAME.reset_remote(id(2)) };
    let base = percpu_hv::percpu_area_base(2);
    reinit(id(2));
    assert_eq!(percpu_hv::percpu_area_base(2), base);
    on_cpu(2, || {
        assert_eq!(current_cpu(), id(2));
        assert_eq!(NUMBER.read_current(), 5);
        assert_eq!(BYTES.with_current(|bytes| *bytes), [1, 2, 3]);
        let pin = CpuPin::new();
        assert_eq!(NAME.get(&pin).get(), None);
        assert_eq!(NAME.get(&pin).get_or_init(|| "new".into()), "new");
    });
    // The other areas are as they were.
    on_cpu(3, || {
        assert_eq!(NUMBER.read_current(), 6);
        assert_eq!(BYTES.with_current(|bytes| *bytes), [9; 3]);
        assert_eq!(NAME.get(&CpuPin::new()).get().unwrap(), "old");
    });
}

#[test]
fn reinit_forgets_what_reset_remote_drops() {
    static DROPS: AtomicU32 = AtomicU32::new(0);
    struct Counted(u32);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(self.0, Ordering::Relaxed);
        }
    }
    #[def_percpu]
    static OWNED: Option<Counted> = None;
    #[def_percpu]
    static ARRAY: [Option<Counted>; 2] = [None, None];
    #[def_percpu]
    static LAZY: PerCpuOnce<Counted> = PerCpuOnce::new();

    let fill = || {
        on_cpu(3, || {
            OWNED.with_current(|owned| *owned = Some(Counted(1)));
            ARRAY.with_current(|array| *array = [Some(Counted(10)), Some(Counted(20))]);
            assert!(LAZY.get(&CpuPin::new()).set(Counted(100)).is_ok());
        });
    };
    let drops = || DROPS.load(Ordering::Relaxed);

    let _alone = fresh_areas();
    fill();
    assert_eq!(drops(), 0, "a CPU that goes away drops nothing");
    // SAFETY: rule 6, CPU 3 does not run.
    unsafe {
        OWNED.reset_remote(id(3));
        assert_eq!(drops(), 1);
        ARRAY.reset_remote(id(3));
        assert_eq!(drops(), 31);
        LAZY.reset_remote(id(3));
        assert_eq!(drops(), 131);
    }
    reinit(id(3));
    assert_eq!(drops(), 131, "nothing was left");

    fill();
    reinit(id(3));
    assert_eq!(drops(), 131, "four values are forgotten");
    on_cpu(3, || {
        assert!(OWNED.with_current(|owned| owned.is_none()));
        assert!(ARRAY.with_current(|array| array.iter().all(Option::is_none)));
        assert!(LAZY.get(&CpuPin::new()).get().is_none());
        // Nor are they dropped later.
        OWNED.reset_to_init();
        ARRAY.reset_to_init();
        // SAFETY: rule 6, this thread alone uses the copy.
        unsafe { LAZY.reset_remote(id(3)) };
    });
    assert_eq!(drops(), 131);
}

#[test]
fn a_counter_loses_nothing_when_a_cpu_is_replaced() {
    #[def_percpu]
    static PLAIN: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static BATCHED: PerCpuCounter<10> = PerCpuCounter::new();

    let _alone = fresh_areas();
    let mut expected = 0;
    // Any CPU goes away, also twice in a row.
    for cpu in [3, 0, 2, 0, 1, 1, 0] {
        for (adds, amount) in (0..CPUS).zip([7, 12, -3, 4]) {
            on_cpu(adds, || {
                PLAIN.add(amount);
                BATCHED.add(amount);
            });
            expected += amount;
        }
        // The count is kept by itself, by the rebuild, or before bytes that are no count.
        if cpu == 0 {
            // SAFETY: rule 6, no CPU runs.
            unsafe {
                PLAIN.retire(id(cpu));
                BATCHED.retire(id(cpu));
            }
        } else if cpu == 1 {
            // SAFETY: rules 6 and 17, no CPU runs, and the rebuild follows.
            unsafe { poison_percpu_area(id(cpu)) }.unwrap();
        }
        reinit(id(cpu));
        assert_eq!((PLAIN.sum(), BATCHED.sum()), (expected, expected));
        assert!((BATCHED.approximate() - expected).abs() < 10 * CPUS as i64);
    }
    assert_eq!(expected, 7 * 20);
}
