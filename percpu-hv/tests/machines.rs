//! Tests in one process at the same time, each with CPUs of its own.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

#[path = "common/mod.rs"]
mod common;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{CPUS, on_cpu, panic_text, refused};
use percpu_hv::kind::{Exclusive, Shared};
use percpu_hv::{
    CpuId, CpuPin, DynPerCpu, InitError, IrqOff, PerCpuCounter, PerCpuOnce, as_cpu,
    claim_percpu_reg, current_cpu, def_percpu, init_percpu_reg, percpu_area_base, percpu_area_num,
    read_percpu_reg, reinit_percpu_area, with_cpus,
};

#[def_percpu]
static NUMBER: u64 = 5;
#[def_percpu]
static WORD: AtomicUsize = AtomicUsize::new(7);
#[def_percpu]
static PLAIN: PerCpuCounter = PerCpuCounter::new();
#[def_percpu]
static BATCHED: PerCpuCounter<8> = PerCpuCounter::new();
#[def_percpu]
static LIST: Vec<usize> = Vec::new();
#[def_percpu]
static CELL: Cell<usize> = Cell::new(1);
#[def_percpu]
static NAME: PerCpuOnce<String> = PerCpuOnce::new();

fn id(index: usize) -> CpuId {
    CpuId::new(index).unwrap()
}

/// What a test of a user does: it finds initial values, changes them on all CPUs, by threads too, and retires a CPU.
fn one_test(cpus: usize, amount: u64) {
    let signed = i64::try_from(amount).unwrap();
    with_cpus(cpus, || {
        assert_eq!((CpuId::all().len(), percpu_area_num()), (cpus, cpus));
        assert_eq!(current_cpu(), id(0));
        assert_eq!(NUMBER.sum::<u64>(), 5 * cpus as u64);
        assert_eq!(
            (PLAIN.sum(), BATCHED.sum(), BATCHED.approximate()),
            (0, 0, 0)
        );
        thread::scope(|scope| {
            for cpu in CpuId::all() {
                scope.spawn(move || {
                    as_cpu(cpu, || {
                        assert_eq!(current_cpu(), cpu);
                        assert_eq!(CpuId::all().len(), cpus);
                        for _ in 0..amount {
                            NUMBER.inc_current();
                            PLAIN.add(1);
                            BATCHED.add(1);
                        }
                        LIST.with_current(|list| list.push(cpu.index()));
                        NAME.get(&CpuPin::new()).get_or_init(|| format!("{cpu}"));
                    });
                    assert_eq!(read_percpu_reg(), 0, "no CPU again");
                });
            }
        });
        let total = signed * cpus as i64;
        assert_eq!(NUMBER.sum::<u64>(), (5 + amount) * cpus as u64);
        assert_eq!((PLAIN.sum(), BATCHED.sum()), (total, total));
        let left = signed % 8 * cpus as i64;
        assert_eq!(BATCHED.approximate(), total - left, "what a batch moved");
        for cpu in CpuId::all() {
            as_cpu(cpu, || {
                LIST.with_current(|list| assert_eq!(*list, [cpu.index()]));
            });
            assert_eq!(NAME.on(cpu).get(), Some(&cpu.to_string()));
        }

        let last = id(cpus - 1);
        thread::scope(|scope| {
            scope.spawn(move || {
                // The thread's own CPUs are others, or none: a `CpuId` says all.
                // SAFETY: rules 6 and 17, that CPU does not run, and nothing refers to its area.
                unsafe {
                    PLAIN.retire(last);
                    BATCHED.retire(last);
                    LIST.reset_remote(last);
                    NAME.reset_remote(last);
                    reinit_percpu_area(last).unwrap();
                }
            });
        });
        assert_eq!((PLAIN.sum(), BATCHED.sum()), (total, total));
        assert_eq!(NUMBER.read_remote(last), 5);
        as_cpu(last, || LIST.with_current(|list| assert!(list.is_empty())));
        assert_eq!(NAME.on(last).get(), None);
    });
}

#[test]
fn tests_at_the_same_time_see_only_their_own_cpus() {
    const TESTS: usize = 16;
    const ROUNDS: usize = 200;

    let together = Barrier::new(TESTS);
    thread::scope(|scope| {
        for test in 0..TESTS {
            let together = &together;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    together.wait();
                    one_test(1 + test % 5, (test * 7 + round) as u64);
                }
            });
        }
    });
}

/// The process has CPUs of its own, for the tests that do not ask for others.
#[test]
fn the_cpus_of_the_process_are_others() {
    #[def_percpu]
    static COUNT: PerCpuCounter = PerCpuCounter::new();

    on_cpu(3, || {
        let (outside, base) = (id(3), percpu_area_base(3));
        COUNT.add(2);
        with_cpus(2, || {
            assert_eq!(CpuId::new(3), None);
            assert_eq!((current_cpu(), COUNT.sum()), (id(0), 0));
            COUNT.add(40);
            assert_eq!(COUNT.on(outside).sum_of_one(), 2);
            assert!((0..2).all(|cpu| percpu_area_base(cpu) != base));
            as_cpu(outside, || {
                assert_eq!((current_cpu(), COUNT.sum()), (outside, 2))
            });
            assert_eq!(COUNT.sum(), 40);
        });
        assert_eq!((current_cpu(), COUNT.sum()), (outside, 2));
        assert_eq!(percpu_area_base(3), base);
    });
}

/// The part of one CPU, as a reader of its `Debug` text.
trait SumOfOne {
    fn sum_of_one(&self) -> i64;
}

impl SumOfOne for PerCpuCounter {
    fn sum_of_one(&self) -> i64 {
        let text = format!("{self:?}");
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    }
}

#[test]
fn a_thread_is_afterwards_what_it_was() {
    thread::scope(|scope| {
        scope.spawn(|| {
            with_cpus(3, || {
                as_cpu(1, || {
                    as_cpu(id(2), || assert_eq!(current_cpu(), id(2)));
                    assert_eq!(current_cpu(), id(1));
                    // A CPU that code chooses inside is forgotten too.
                    as_cpu(0, || init_percpu_reg(2));
                    assert_eq!(current_cpu(), id(1));
                });
                with_cpus(1, || assert_eq!(CpuId::all().len(), 1));
                assert_eq!((current_cpu(), CpuId::all().len()), (id(0), 3));
            });
            assert_eq!(read_percpu_reg(), 0, "no CPU");
        });
    });
}

#[test]
fn a_panic_inside_leaves_the_thread_as_it_was() {
    with_cpus(2, || {
        let kept = id(1);
        let inner = catch_unwind(AssertUnwindSafe(|| {
            LIST.with_current(|_| {
                with_cpus(5, || {
                    let _irq = IrqOff::new();
                    as_cpu(4, || panic!("inside"))
                })
            })
        }));
        assert_eq!(inner.unwrap_err().downcast_ref(), Some(&"inside"));
        assert_eq!((current_cpu(), CpuId::all().len()), (id(0), 2));
        // Nothing stays borrowed.
        LIST.with_current(|list| assert!(list.is_empty()));
        // A `CpuId` may cross a `catch_unwind`, as on bare metal.
        assert_eq!(catch_unwind(|| as_cpu(kept, current_cpu)).unwrap(), kept);
    });
}

#[test]
fn a_test_that_should_panic_may_do_so_inside() {
    let text = panic_text(|| with_cpus(1, || panic!("as it should")));
    assert_eq!(text, "as it should");
}

#[test]
fn what_there_is_not_is_told() {
    let none = "no per-CPU area for CPU id 2: there are areas for 2 CPUs";
    refused(0, &[none], || with_cpus(2, || as_cpu(2, || ())));
    refused(0, &["areas for 0 CPUs"], || with_cpus(0, || ()));
    refused(0, &["exceed the address space"], || {
        with_cpus(usize::MAX, || ())
    });
    with_cpus(2, || {
        assert_eq!(
            percpu_hv::init_hosted(2),
            Ok(2),
            "as the code under test may ask"
        );
        let live = InitError::AlreadyInitialized { cpu_count: 2 };
        assert_eq!(percpu_hv::init_hosted(3), Err(live));
    });
}

#[test]
fn ids_are_claimed_in_each_test_anew() {
    for _ in 0..3 {
        with_cpus(2, || {
            assert_eq!(claim_percpu_reg(1), Ok(id(1)));
            let taken = Err(InitError::CpuTaken { cpu_id: 1 });
            assert_eq!(claim_percpu_reg(1), taken);
            with_cpus(2, || assert_eq!(claim_percpu_reg(1), Ok(id(1))));
            assert_eq!(current_cpu(), id(1));
        });
    }
}

/// An id, an iterator over ids and a reference stay those of their CPUs, wherever they are used.
#[test]
fn what_outlives_a_test_is_still_its_own() {
    let (cpu, ids, word) = with_cpus(3, || {
        as_cpu(2, || NUMBER.write_current(6));
        (id(2), CpuId::all(), WORD.on(id(2)))
    });
    with_cpus(1, || {
        assert_eq!(NUMBER.read_remote(cpu), 6);
        assert_eq!(NUMBER.read_current(), 5);
        word.store(9, Ordering::Relaxed);
        assert_eq!(WORD.on(cpu).load(Ordering::Relaxed), 9);
        assert_eq!(WORD.on(id(0)).load(Ordering::Relaxed), 7);
        let sum: u64 = ids.clone().map(|cpu| NUMBER.read_remote(cpu)).sum();
        assert_eq!(sum, 5 + 5 + 6);
    });
    let values: Vec<_> =
        thread::spawn(move || ids.rev().map(|cpu| NUMBER.read_remote(cpu)).collect())
            .join()
            .unwrap();
    assert_eq!(values, [6, 5, 5]);
}

/// Guards stay those of their CPU, whichever one the thread runs as.
#[test]
fn guards_cross_calls() {
    with_cpus(2, || {
        let (pin, irq) = (CpuPin::new(), IrqOff::new());
        let kept = as_cpu(1, || {
            NUMBER.write(&pin, 8);
            CELL.get_local(&irq).set(2);
            CELL.get_local(&IrqOff::new()).set(3);
            IrqOff::scoped(|irq| CELL.get_local(irq).set(CELL.get_local(irq).get() + 1));
            drop(irq);
            IrqOff::new()
        });
        assert_eq!(CELL.get_local(&kept).get(), 4);
        assert_eq!((NUMBER.read_current(), NUMBER.read_remote(id(1))), (8, 5));
        assert_eq!(CELL.get_local(&IrqOff::new()).get(), 2);

        // CPU 1 is still this thread's alone, and CPU 0 is not.
        let second = id(1);
        let entered = AtomicUsize::new(0);
        thread::scope(|scope| {
            let entered = &entered;
            let waits = scope.spawn(move || {
                as_cpu(second, || {
                    let _irq = IrqOff::new();
                    entered.store(1, Ordering::Relaxed);
                });
            });
            let first = id(0);
            scope
                .spawn(move || as_cpu(first, || drop(IrqOff::new())))
                .join()
                .unwrap();
            thread::sleep(std::time::Duration::from_millis(30));
            assert_eq!(entered.load(Ordering::Relaxed), 0);
            drop(kept);
            waits.join().unwrap();
        });
        assert_eq!(entered.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_cpus_of_the_process_can_be_run_as_too() {
    percpu_hv::init_hosted(CPUS).unwrap();
    #[def_percpu]
    static MARK: u64 = 0;

    assert_eq!(as_cpu(2, || MARK.swap_current(3)), 0);
    assert_eq!(as_cpu(id(2), || MARK.read_current()), 3);
    assert_eq!(read_percpu_reg(), 0);
}

#[test]
fn a_variable_made_at_run_time_belongs_to_its_cpus() {
    with_cpus(2, || {
        let numbers: DynPerCpu<u64> = DynPerCpu::new(3).unwrap();
        let texts: DynPerCpu<String, Exclusive> =
            DynPerCpu::new_with(|cpu| format!("on {cpu}")).unwrap();
        let (own, pin) = (id(1), CpuPin::new());
        let other = with_cpus(4, || {
            // Each access that would reach these CPUs, and one by what was made before.
            let accesses: [&dyn Fn(); 6] = [
                &|| assert_eq!(numbers.read_current(), 3),
                &|| numbers.inc_current(),
                &|| assert_eq!(numbers.sum::<u64>(), 6),
                &|| texts.with_current(String::clear),
                &|| texts.try_with_current(String::clear).unwrap(),
                &|| assert_eq!(numbers.read_remote(id(3)), 3),
            ];
            for access in accesses {
                let panic = catch_unwind(AssertUnwindSafe(access)).unwrap_err();
                let text = panic.downcast::<&str>().unwrap();
                assert!(
                    text.contains("was made at run time for other CPUs"),
                    "{text}"
                );
            }
            assert_eq!((numbers.read_remote(own), numbers.read(&pin)), (3, 3));
            // Its values are dropped on its own CPUs.
            drop(texts);
            id(0)
        });
        let text = panic_text(|| {
            numbers.read_remote(other);
        });
        assert!(
            text.contains("was made at run time for other CPUs"),
            "{text}"
        );
        as_cpu(own, || numbers.inc_current());
        assert_eq!(numbers.sum::<u64>(), 7);
    });
}

#[test]
fn a_counter_made_at_run_time_has_a_total() {
    with_cpus(2, || {
        let made = || DynPerCpu::<[PerCpuCounter<4>; 2], Shared>::new_with(|_| Default::default());
        for _ in 0..2 {
            let counters = made().unwrap();
            for cpu in CpuId::all() {
                as_cpu(cpu, || counters.at(1).add(10));
            }
            assert_eq!((counters.at(0).sum(), counters.at(1).sum()), (0, 20));
            assert_eq!(counters.at(1).approximate(), 20);
            counters.at(1).retire_current();
            assert_eq!(counters.at(1).sum(), 20);
        }
    });
}
