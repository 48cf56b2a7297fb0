//! `PerCpuCounter`: nothing is lost, and `read` is as near as it says.

use std::marker::PhantomData;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use percpu_hv::{CpuId, Elements, PerCpuCounter, def_percpu};

use crate::common::{CPUS, on_cpu};

#[test]
fn a_counter_sums_all_cpus() {
    #[def_percpu]
    static EXITS: PerCpuCounter = PerCpuCounter::new();

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            EXITS.add(10 + cpu as i64);
            EXITS.sub(3);
        });
    }
    let expected = (0..CPUS as i64).map(|cpu| 7 + cpu).sum();
    assert_eq!(EXITS.sum(), expected);
    // SAFETY: rule 6, nobody adds.
    let zero = unsafe { EXITS.remote_ref_raw(0) };
    assert_eq!(format!("{zero:?}"), "PerCpuCounter { part: 7 }");
}

#[test]
fn a_counter_wraps_around() {
    #[def_percpu]
    static EDGE: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static BATCHED: PerCpuCounter<8> = PerCpuCounter::new();

    on_cpu(0, || {
        EDGE.add(i64::MAX);
        EDGE.add(1);
        assert_eq!(EDGE.sum(), i64::MIN);
        EDGE.sub(i64::MIN);
        assert_eq!(EDGE.sum(), 0);
        for amount in [i64::MAX, 1, 7, i64::MIN] {
            BATCHED.add(amount);
        }
        assert_eq!(BATCHED.sum(), 7);
    });
}

#[test]
fn a_field_whose_type_follows_from_a_parameter_is_a_counter() {
    trait Chosen {
        type Type;
    }
    struct By<'a, const COUNTED: bool>(PhantomData<&'a ()>);
    impl Chosen for By<'_, true> {
        type Type = PerCpuCounter;
    }

    #[derive(Elements)]
    struct Constant<const COUNTED: bool>
    where
        By<'static, COUNTED>: Chosen,
    {
        events: <By<'static, COUNTED> as Chosen>::Type,
    }
    impl<const COUNTED: bool> percpu_hv::Shared for Constant<COUNTED> where By<'static, COUNTED>: Chosen {}
    #[derive(Elements)]
    struct Lifetime<'a>
    where
        By<'a, true>: Chosen,
    {
        events: <By<'a, true> as Chosen>::Type,
    }
    impl<'a> percpu_hv::Shared for Lifetime<'a> where By<'a, true>: Chosen {}

    #[def_percpu]
    static CONSTANT: Constant<true> = Constant {
        events: PerCpuCounter::new(),
    };
    #[def_percpu]
    static LIFETIME: Lifetime<'static> = Lifetime {
        events: PerCpuCounter::new(),
    };

    on_cpu(0, || {
        CONSTANT.fields().events.add(1);
        LIFETIME.fields().events.add(2);
    });
    let sums = (
        CONSTANT.fields().events.sum(),
        LIFETIME.fields().events.sum(),
    );
    assert_eq!(sums, (1, 2));
}

#[test]
fn a_read_is_off_by_less_than_a_batch_per_cpu() {
    const BATCH: i64 = 8;
    #[def_percpu]
    static PAGES: PerCpuCounter<BATCH> = PerCpuCounter::new();

    let mut expected = 0;
    // Up and down, across both bounds of a batch, one CPU after the other.
    for step in 0..40 * CPUS {
        let amount = (step as i64 * 7 % 23) - 9;
        on_cpu(step % CPUS, || PAGES.add(amount));
        expected += amount;
        assert_eq!(PAGES.sum(), expected);
        let off = (PAGES.approximate() - expected).abs();
        assert!(off < BATCH * CPUS as i64, "{step}: off by {off}");
    }
}

#[test]
fn a_batch_is_moved_when_it_is_full() {
    #[def_percpu]
    static BYTES: PerCpuCounter<4> = PerCpuCounter::new();

    on_cpu(CPUS - 1, || {
        let reads = [3, 1, -3, -1, -1, 9].map(|amount| {
            BYTES.add(amount);
            BYTES.approximate()
        });
        // 3 stays, 4 moves, -3 and -4 + ... likewise.
        assert_eq!(reads, [0, 4, 4, 0, 0, 8]);
        assert_eq!(BYTES.sum(), 8);
    });
}

/// Adds on all CPUs, in two contexts each.
fn everywhere(add: impl Fn() + Sync) {
    let start = Barrier::new(2 * CPUS);
    thread::scope(|scope| {
        for context in 0..2 * CPUS {
            let (add, start) = (&add, &start);
            scope.spawn(move || {
                on_cpu(context % CPUS, || {
                    start.wait();
                    add();
                })
            });
        }
    });
}

#[test]
fn no_addition_is_lost() {
    #[def_percpu]
    static PLAIN: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static BATCHED: PerCpuCounter<16> = PerCpuCounter::new();
    // Every addition moves.
    #[def_percpu]
    static MOVED: PerCpuCounter<1> = PerCpuCounter::new();
    const EACH: i64 = if cfg!(miri) { 100 } else { 100_000 };

    everywhere(|| {
        for _ in 0..EACH {
            PLAIN.add(3);
            PLAIN.sub(1);
            BATCHED.add(3);
            BATCHED.sub(1);
            MOVED.add(3);
            MOVED.sub(1);
        }
    });
    let expected = 2 * CPUS as i64 * EACH * 2;
    assert_eq!((PLAIN.sum(), BATCHED.sum()), (expected, expected));
    assert_eq!((MOVED.sum(), MOVED.approximate()), (expected, expected));
    assert!((BATCHED.approximate() - expected).abs() < 16 * CPUS as i64);
}

#[test]
fn no_addition_is_summed_twice() {
    #[def_percpu]
    static COUNT: PerCpuCounter<2> = PerCpuCounter::new();
    static BEGUN: AtomicI64 = AtomicI64::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    const EACH: i64 = if cfg!(miri) { 50 } else { 5_000 };

    thread::scope(|scope| {
        scope.spawn(|| {
            everywhere(|| {
                for _ in 0..EACH {
                    BEGUN.fetch_add(1, Ordering::SeqCst);
                    COUNT.add(1);
                }
            });
            DONE.store(true, Ordering::SeqCst);
        });
        percpu_hv::init_hosted(CPUS).unwrap();
        while !DONE.load(Ordering::SeqCst) {
            let sum = COUNT.sum();
            assert!(sum <= BEGUN.load(Ordering::SeqCst));
            assert!(COUNT.approximate() <= BEGUN.load(Ordering::SeqCst));
        }
    });
    assert_eq!(COUNT.sum(), 2 * CPUS as i64 * EACH);
}

/// A retired CPU's part is in the total, whichever CPU it is, and also if it is the only one.
#[test]
fn a_retired_cpus_part_is_in_the_total() {
    #[def_percpu]
    static PLAIN: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static BATCHED: PerCpuCounter<100> = PerCpuCounter::new();

    let part = |cpu: CpuId| format!("{:?} {:?}", PLAIN.on(cpu), BATCHED.on(cpu));
    let mut moved = 0;
    percpu_hv::init_hosted(CPUS).unwrap();
    for cpu in CpuId::all().chain(CpuId::all().rev()) {
        let amount = 3 + cpu.index() as i64;
        on_cpu(cpu.index(), || {
            PLAIN.add(amount);
            BATCHED.sub(amount);
        });
        assert_eq!(BATCHED.approximate(), -moved);
        // SAFETY: rule 6, nobody adds.
        unsafe {
            PLAIN.retire(cpu);
            BATCHED.retire(cpu);
        }
        moved += amount;
        assert_eq!(
            part(cpu),
            "PerCpuCounter { part: 0 } PerCpuCounter { part: 0 }"
        );
        assert_eq!(
            (PLAIN.sum(), BATCHED.sum(), BATCHED.approximate()),
            (moved, -moved, -moved)
        );
    }
}

/// One CPU after the other adds and is retired, and the sum is looked at all the time.
#[test]
fn defect_41_a_sum_is_never_too_large_while_a_cpu_is_retired() {
    #[def_percpu]
    static COUNT: PerCpuCounter = PerCpuCounter::new();
    static BEGUN: AtomicI64 = AtomicI64::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    /// A pause after each step, or the next addition would hide what is counted twice.
    const PAUSE: u32 = if cfg!(miri) { 1 } else { 200 };

    let pause = || (0..PAUSE).for_each(|_| std::hint::spin_loop());
    percpu_hv::init_hosted(CPUS).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let end = Instant::now() + Duration::from_millis(700);
            let mut rounds = 0;
            while Instant::now() < end && !(cfg!(miri) && rounds == 20) {
                for cpu in CpuId::all() {
                    percpu_hv::init_percpu_reg(cpu.index());
                    BEGUN.fetch_add(1, Ordering::SeqCst);
                    COUNT.add(1);
                    pause();
                    // SAFETY: rule 6, this thread is that CPU, and adds nothing meanwhile.
                    unsafe { COUNT.retire(cpu) };
                    pause();
                }
                rounds += 1;
            }
            DONE.store(true, Ordering::SeqCst);
        });
        let mut last = 0;
        while !DONE.load(Ordering::SeqCst) {
            let sum = COUNT.sum();
            let begun = BEGUN.load(Ordering::SeqCst);
            assert!(sum <= begun, "{sum} of {begun} additions");
            // All but what moves at this moment.
            assert!(sum >= last - 1, "{sum} after {last}");
            last = sum;
        }
    });
    assert_eq!(COUNT.sum(), BEGUN.load(Ordering::SeqCst));
}
