//! Exclusive variables: one borrow at a time, in every build.

use std::panic::{self, AssertUnwindSafe};

use percpu_hv::{Borrowed, def_percpu};

use crate::common::{CPUS, on_cpu};

/// Checks that `f` panics with the sentence on nested borrows of `variable`.
#[track_caller]
fn is_refused(variable: &str, f: impl FnOnce()) {
    let panic = panic::catch_unwind(AssertUnwindSafe(f)).expect_err("a second borrow");
    let text = panic.downcast::<String>().unwrap();
    let sentence = format!("the per-CPU variable `{variable}` is borrowed on this CPU already");
    assert!(text.starts_with(&sentence), "{text}");
    assert!(text.contains("RefCell"), "{text}");
}

#[test]
fn defect_02_a_nested_with_current_panics() {
    #[def_percpu]
    static NESTED: (u64, u64) = (1, 2);

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            NESTED.with_current(|both| {
                for _ in 0..2 {
                    // The first refusal does not end the outer borrow.
                    is_refused("NESTED", || NESTED.with_current(|_| ()));
                }
                both.0 += 1;
            });
            assert_eq!(NESTED.with_current(|both| *both), (2, 2));
        });
    }
}

#[test]
fn defect_33_neither_a_reset_nor_a_drop_reaches_what_is_borrowed() {
    /// Its destructor looks at the variable that it lies in.
    struct Looks;
    #[def_percpu]
    static LIST: Vec<String> = Vec::new();
    #[def_percpu]
    static LOOKS: Option<Looks> = None;

    impl Drop for Looks {
        fn drop(&mut self) {
            assert!(LOOKS.try_with_current(|_| ()).is_err());
        }
    }

    on_cpu(0, || {
        LIST.with_current(|list| {
            list.push("first".to_string());
            is_refused("LIST", || LIST.reset_to_init());
            assert_eq!(*list, ["first"]);
        });
        LIST.reset_to_init();
        assert!(LIST.with_current(|list| list.is_empty()));

        LOOKS.with_current(|looks| *looks = Some(Looks));
        LOOKS.reset_to_init();
        assert!(LOOKS.with_current(|looks| looks.is_none()));
    });
}

#[test]
fn a_handler_asks_without_a_panic() {
    #[def_percpu]
    static QUEUE: Vec<u32> = Vec::new();

    on_cpu(0, || {
        assert_eq!(QUEUE.try_with_current(|queue| queue.len()), Ok(0));
        QUEUE.with_current(|queue| {
            let borrowed: Borrowed = QUEUE.try_with_current(|_| ()).unwrap_err();
            assert!(
                borrowed.to_string().contains("`QUEUE` is borrowed"),
                "{borrowed}"
            );
            queue.push(1);
        });
        let nested = QUEUE.try_with_current(|_| QUEUE.try_with_current(|_| ()).is_err());
        assert_eq!(nested, Ok(true));
        assert_eq!(QUEUE.try_with_current(|queue| queue.len()), Ok(1));
    });
}

#[test]
fn an_option_makes_any_type_exclusive() {
    #[def_percpu(exclusive)]
    static WORD: u64 = 1;
    #[def_percpu(exclusive, hot)]
    static CELL: std::cell::Cell<u64> = std::cell::Cell::new(1);

    on_cpu(0, || {
        WORD.with_current(|word| {
            is_refused("WORD", || WORD.with_current(|_| ()));
            *word += 1;
        });
        assert_eq!(WORD.with_current(|word| *word), 2);
        CELL.with_current(|cell| {
            is_refused("CELL", || CELL.reset_to_init());
            *cell.get_mut() += 1;
        });
        assert_eq!(CELL.with_current(|cell| cell.get()), 2);
    });
}

#[test]
fn other_variables_may_be_borrowed_inside() {
    #[def_percpu]
    static OUTER: Vec<u32> = Vec::new();
    #[def_percpu]
    static INNER: Vec<u32> = Vec::new();
    mod elsewhere {
        #[percpu_hv::def_percpu]
        pub(super) static OUTER: [u32; 1] = [3];
    }

    on_cpu(0, || {
        OUTER.with_current(|outer| {
            INNER.with_current(|inner| {
                elsewhere::OUTER.with_current(|last| {
                    outer.push(last[0]);
                    inner.push(last[0]);
                });
            });
        });
        assert_eq!(OUTER.with_current(|outer| outer.clone()), [3]);
        assert_eq!(INNER.with_current(|inner| inner.clone()), [3]);
    });
}

#[test]
#[cfg(not(feature = "sp-naive"))]
fn other_cpus_may_borrow_meanwhile() {
    #[def_percpu]
    static EVERYWHERE: [u32; 2] = [0; 2];

    on_cpu(0, || {
        EVERYWHERE.with_current(|zero| {
            for cpu in 1..CPUS {
                on_cpu(cpu, || EVERYWHERE.with_current(|other| other[0] += 1));
            }
            zero[0] += 5;
        });
    });
    let sums = (0..CPUS).map(|cpu| on_cpu(cpu, || EVERYWHERE.with_current(|own| own[0])));
    assert_eq!(sums.sum::<u32>(), 5 + CPUS as u32 - 1);
}

#[test]
#[cfg(not(feature = "sp-naive"))]
fn a_borrow_ends_on_the_cpu_where_it_began() {
    #[def_percpu]
    static MOVED: [u32; 2] = [0; 2];

    on_cpu(1, || {
        MOVED.with_current(|_| percpu_hv::init_percpu_reg(2));
        MOVED.with_current(|value| value[0] += 1);
        percpu_hv::init_percpu_reg(1);
        MOVED.with_current(|value| value[0] += 1);
    });
}

#[test]
fn a_panic_inside_ends_the_borrow() {
    #[def_percpu]
    static VALUE: [u32; 2] = [0; 2];

    on_cpu(0, || {
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            VALUE.with_current(|value| {
                value[0] = 1;
                panic!("in the closure");
            })
        }));
        assert!(result.is_err());
        assert_eq!(VALUE.with_current(|value| value[0]), 1);
    });
}

/// Threads that run as one CPU are contexts on it that wait for each other, also where one of them masks
/// interrupts.
#[test]
fn defect_43_threads_on_one_cpu_take_turns() {
    const THREADS: usize = 4;
    const TIMES: usize = 5_000;
    #[def_percpu]
    static LIST: Vec<usize> = Vec::new();

    let add = |thread| {
        for _ in 0..TIMES {
            let _irq = (thread % 2 == 0).then(percpu_hv::IrqOff::new);
            LIST.with_current(|list| list.push(thread));
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || on_cpu(0, || add(thread)));
        }
    });
    on_cpu(0, || {
        LIST.with_current(|list| {
            assert_eq!(list.len(), THREADS * TIMES);
            for thread in 0..THREADS {
                assert_eq!(list.iter().filter(|own| **own == thread).count(), TIMES);
            }
            list.clear();
        });
    });
}

#[test]
fn an_unchecked_borrow_reaches_every_kind() {
    #[def_percpu]
    static WORD: u64 = 1;
    #[def_percpu]
    static ATOMIC: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
    #[def_percpu]
    static LIST: Vec<std::rc::Rc<u8>> = Vec::new();

    on_cpu(0, || {
        // SAFETY: rule 5, this thread alone uses these variables, and drops what it puts there.
        unsafe {
            WORD.with_current_unchecked(|word| *word += 1);
            ATOMIC.with_current_unchecked(|atomic| *atomic.get_mut() += 1);
            LIST.with_current_unchecked(|list| {
                list.push(std::rc::Rc::new(1));
                list.clear();
            });
        }
        assert_eq!(WORD.read_current(), 2);
        let pin = percpu_hv::CpuPin::new();
        assert_eq!(
            ATOMIC.get(&pin).load(std::sync::atomic::Ordering::Relaxed),
            2
        );
    });
}
