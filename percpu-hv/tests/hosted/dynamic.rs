//! Variables that are made at run time.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use percpu_hv::kind::{Elements, Exclusive, Shared};
use percpu_hv::{CpuId, CpuPin, DynError, DynPerCpu, PerCpuCounter, PerCpuOnce};

use crate::common::{CPUS, on_cpu};

/// Each clone counts as one more owner of the `Arc`.
fn live(owner: &Arc<()>) -> usize {
    Arc::strong_count(owner) - 1
}

#[test]
fn each_value_is_dropped_once() {
    on_cpu(0, || {
        let owner = Arc::new(());
        let owned: DynPerCpu<Arc<()>, Exclusive> = DynPerCpu::new(Arc::clone(&owner)).unwrap();
        assert_eq!(live(&owner), CPUS);
        // SAFETY: rule 6, no other thread knows the variable.
        unsafe { owned.replace_remote(CpuId::new(0).unwrap(), Arc::new(())) };
        assert_eq!(live(&owner), CPUS - 1);
        drop(owned);
        assert_eq!(live(&owner), 0);

        let once: DynPerCpu<PerCpuOnce<Arc<()>>, Shared> =
            DynPerCpu::new_with(|_| PerCpuOnce::new()).unwrap();
        once.get(&CpuPin::new()).set(Arc::clone(&owner)).unwrap();
        assert_eq!(live(&owner), 1);
        drop(once);
        assert_eq!(live(&owner), 0);
    });
}

#[test]
fn a_panic_drops_what_was_made() {
    on_cpu(0, || {
        let owner = Arc::new(());
        let last = CPUS - 1;
        let refused = panic::catch_unwind(|| {
            DynPerCpu::<_, Exclusive>::new_with(|cpu| match cpu.index() {
                index if index == last => panic!("the last one"),
                _ => Arc::clone(&owner),
            })
        });
        assert!(refused.is_err());
        assert_eq!(live(&owner), 0);
    });
}

/// The values of the other CPUs are dropped, and the space is free again.
#[test]
fn a_panic_in_a_drop_ends_only_that_drop() {
    struct Panics(
        #[allow(dead_code, reason = "only its drop matters")] Arc<()>,
        bool,
    );

    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(!self.1, "it panics");
        }
    }

    on_cpu(0, || {
        let owner = Arc::new(());
        // More often than there is space.
        for _ in 0..100 {
            let made: DynPerCpu<[Panics; 64], Exclusive> = DynPerCpu::new_with(|cpu| {
                core::array::from_fn(|at| {
                    let panics = cpu.index() == CPUS / 2 && at == 0;
                    Panics(Arc::clone(&owner), panics)
                })
            })
            .unwrap();
            assert_eq!(live(&owner), 64 * CPUS);
            let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(made)));
            assert!(dropped.is_err());
            assert_eq!(live(&owner), 0);
        }
    });
}

#[test]
fn a_borrow_is_refused_and_a_value_replaced() {
    on_cpu(0, || {
        let list: DynPerCpu<Vec<u8>, Exclusive> = DynPerCpu::new(vec![1]).unwrap();
        list.with_current(|_| {
            let error = list.try_with_current(|_| ()).unwrap_err();
            assert!(
                error.to_string().contains("`alloc::vec::Vec<u8>`"),
                "{error}"
            );
        });
        // SAFETY: rule 6, nothing uses the value now.
        unsafe { list.replace_remote(CpuId::new(0).unwrap(), vec![3]) };
        assert_eq!(list.with_current(|list| list.clone()), [3]);
    });
}

#[test]
fn threads_make_and_drop_at_once() {
    const EACH: usize = if cfg!(miri) { 20 } else { 5_000 };
    thread::scope(|scope| {
        // Some of them run as the same CPU.
        for thread in 0..2 * CPUS {
            scope.spawn(move || {
                on_cpu(thread % CPUS, || {
                    for round in 0..EACH {
                        let tag = (thread << 20 | round) as u64;
                        let word: DynPerCpu<u64> =
                            DynPerCpu::new_with(|cpu| tag + cpu.index() as u64).unwrap();
                        let bytes: DynPerCpu<[u8; 40], Exclusive> =
                            DynPerCpu::new([round as u8; 40]).unwrap();
                        for (cpu, value) in word.values() {
                            assert_eq!(value, tag + cpu.index() as u64);
                        }
                        bytes.with_current(|bytes| assert_eq!(*bytes, [round as u8; 40]));
                    }
                });
            });
        }
    });
}

#[test]
fn a_shared_variable_is_reached_by_all() {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    let shared = on_cpu(0, || {
        Arc::new(DynPerCpu::<_, Shared>::new_with(|_| AtomicU32::new(0)).unwrap())
    });
    thread::scope(|scope| {
        for cpu in 0..CPUS {
            let shared = Arc::clone(&shared);
            scope.spawn(move || {
                on_cpu(cpu, || {
                    shared
                        .get(&CpuPin::new())
                        .fetch_add(cpu as u32 + 1, Relaxed);
                });
            });
        }
    });
    let found: Vec<_> = shared
        .iter()
        .map(|(_, value)| value.load(Relaxed))
        .collect();
    let expected: Vec<_> = (1..=CPUS as u32).collect();
    assert_eq!(found, expected);
}

#[test]
fn errors_say_what_to_do() {
    let text = DynError::NoReserve.to_string();
    assert!(text.contains("set PERCPU_DYNAMIC_SIZE in the linker script and link with percpu.x"));
    let text = DynError::OutOfSpace {
        needed: 32,
        free: 16,
    }
    .to_string();
    assert!(text.contains("32 bytes") && text.contains("16 bytes") && text.contains("raise"));
}

#[test]
fn parts_of_variables_made_at_run_time() {
    on_cpu(1, || {
        let exits: DynPerCpu<[u64; 5], Elements> = DynPerCpu::new([1; 5]).unwrap();
        exits.at(4).add_current(2);
        let all: Vec<u64> = exits.elements().map(|exits| exits.sum()).collect();
        let cpus = CPUS as u64;
        assert_eq!(all, [cpus, cpus, cpus, cpus, cpus + 2]);

        let counters: DynPerCpu<[PerCpuCounter<4>; 3], Shared> =
            DynPerCpu::new_with(|_| [const { PerCpuCounter::new() }; 3]).unwrap();
        for (index, counter) in counters.elements().enumerate() {
            counter.add(10 * index as i64);
            counter.add(1);
        }
        let all: Vec<_> = counters
            .elements()
            .map(|one| (one.sum(), one.approximate()))
            .collect();
        assert_eq!(all, [(1, 0), (11, 10), (21, 20)]);
    });
}
