//! `PerCpuOnce`: one value per CPU, made at most once.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

use percpu_hv::{CpuPin, IrqOff, PerCpuOnce, current_cpu, def_percpu};

use crate::common::{CPUS, on_cpu, refused};

const SENTENCE: &str = "a `PerCpuOnce` is used while it is being initialized";

#[test]
fn a_value_is_made_once_on_each_cpu() {
    static MADE: AtomicU32 = AtomicU32::new(0);
    #[def_percpu]
    static NAME: PerCpuOnce<String> = PerCpuOnce::new();

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let pin = CpuPin::new();
            let cell = NAME.get(&pin);
            assert_eq!(cell.get(), None);
            let made = cell.get_or_init(|| {
                MADE.fetch_add(1, Ordering::Relaxed);
                format!("cpu {cpu}")
            });
            let again = cell.get_or_init(|| unreachable!());
            assert!(std::ptr::eq(made, again));
            assert_eq!(cell.get().unwrap(), &format!("cpu {cpu}"));
        });
    }
    assert_eq!(MADE.load(Ordering::Relaxed), CPUS as u32);
}

#[test]
fn a_full_cell_gives_the_value_back() {
    #[def_percpu]
    static SLOT: PerCpuOnce<Box<u32>> = PerCpuOnce::new();

    on_cpu(0, || {
        let pin = CpuPin::new();
        let slot = SLOT.get(&pin);
        assert_eq!(slot.set(Box::new(1)), Ok(()));
        assert_eq!(slot.set(Box::new(2)), Err(Box::new(2)));
        assert_eq!(**slot.get_or_init(|| unreachable!()), 1);
        assert_eq!(format!("{slot:?}"), "PerCpuOnce(Some(1))");
    });
}

#[test]
fn an_initializer_that_needs_its_own_value_is_told() {
    #[def_percpu]
    static LOOP: PerCpuOnce<u32> = PerCpuOnce::new();

    refused(0, &[SENTENCE, "by its own initializer"], || {
        let pin = CpuPin::new();
        let cell = LOOP.get(&pin);
        cell.get_or_init(|| *cell.get_or_init(|| 1) + 1);
    });
    on_cpu(0, || {
        let pin = CpuPin::new();
        let cell = LOOP.get(&pin);
        assert_eq!(cell.get(), None, "the panic left the cell empty");
        // Asked without force, a cell that is being filled is neither empty nor full.
        let value = cell.get_or_init(|| {
            assert_eq!((cell.get(), cell.set(7)), (None, Err(7)));
            let nested = panic::catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(|| 8)));
            assert!(nested.is_err());
            // The refusal has not opened the cell.
            assert_eq!(cell.set(7), Err(7));
            9
        });
        assert_eq!(*value, 9);
    });
}

#[test]
fn a_panic_in_the_initializer_leaves_the_cell_empty() {
    #[def_percpu]
    static RETRIED: PerCpuOnce<u32> = PerCpuOnce::new();

    refused(0, &["no memory"], || {
        RETRIED
            .get(&CpuPin::new())
            .get_or_init(|| panic!("no memory"));
    });
    on_cpu(0, || {
        let pin = CpuPin::new();
        let cell = RETRIED.get(&pin);
        assert_eq!(cell.get(), None);
        assert_eq!(*cell.get_or_init(|| 4), 4);
    });
}

#[test]
fn a_context_that_comes_meanwhile_is_told() {
    #[def_percpu]
    static SLOW: PerCpuOnce<u32> = PerCpuOnce::new();

    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            on_cpu(0, move || {
                SLOW.get(&CpuPin::new()).get_or_init(|| {
                    begun.send(()).unwrap();
                    may_go_on.recv().unwrap();
                    5
                });
            });
        });
        has_begun.recv().unwrap();
        refused(0, &[SENTENCE, "interrupted"], || {
            SLOW.get(&CpuPin::new()).get_or_init(|| 6);
        });
        go_on.send(()).unwrap();
    });
    on_cpu(0, || assert_eq!(SLOW.get(&CpuPin::new()).get(), Some(&5)));
}

/// Many cells, as the moment between the mark and the value is short. (Loom tries each order.)
#[test]
fn a_value_that_is_seen_is_whole() {
    const CELLS: usize = if cfg!(miri) { 3 } else { 100 };
    #[def_percpu]
    static TABLES: [PerCpuOnce<[u64; 128]>; CELLS] = [const { PerCpuOnce::new() }; CELLS];

    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            on_cpu(0, || {
                start.wait();
                for table in TABLES.get(&CpuPin::new()) {
                    assert_eq!(table.set([7; 128]), Ok(()));
                }
            });
        });
        scope.spawn(|| {
            on_cpu(0, || {
                start.wait();
                for table in TABLES.get(&CpuPin::new()) {
                    let words = loop {
                        if let Some(words) = table.get() {
                            break words;
                        }
                        std::hint::spin_loop();
                    };
                    // The last one was written last.
                    assert!(words.iter().rev().all(|&word| word == 7));
                }
            });
        });
    });
}

#[test]
fn a_value_is_dropped_once() {
    static DROPS: AtomicU32 = AtomicU32::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[def_percpu]
    static OWNER: PerCpuOnce<Counted> = PerCpuOnce::new();

    let drops = || DROPS.load(Ordering::Relaxed);
    on_cpu(0, || {
        // SAFETY: rule 6, this thread alone uses the copy, and no reference to it lives.
        let reset = || unsafe { OWNER.reset_remote(current_cpu()) };
        reset();
        assert_eq!(drops(), 0, "an empty cell drops nothing");
        OWNER.get(&CpuPin::new()).get_or_init(|| Counted);
        assert!(OWNER.get(&CpuPin::new()).set(Counted).is_err());
        assert_eq!(drops(), 1, "the value that was given back");
        reset();
        assert_eq!(drops(), 2);
        assert!(OWNER.get(&CpuPin::new()).get().is_none());
        OWNER.get(&CpuPin::new()).get_or_init(|| Counted);
    });
    assert_eq!(drops(), 2, "the value stays when the context ends");
    drop(PerCpuOnce::<Counted>::default());
    assert_eq!(drops(), 2);
}

/// A value that is not `Sync` is reached while interrupts are off.
#[test]
fn a_value_of_one_context_at_a_time() {
    #[def_percpu]
    static LOCAL: PerCpuOnce<std::cell::Cell<u32>> = PerCpuOnce::new();

    on_cpu(0, || {
        let irq = IrqOff::new();
        let cell = LOCAL
            .get_local(&irq)
            .get_or_init(|| std::cell::Cell::new(1));
        cell.set(cell.get() + 1);
        assert_eq!(LOCAL.get_local(&irq).get().unwrap().get(), 2);
    });
}
