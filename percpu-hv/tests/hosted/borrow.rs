//! Nested `with_current`: told in debug builds and with `borrow-check`, and free otherwise.

use std::panic::{self, AssertUnwindSafe};

use percpu_hv::def_percpu;

use crate::common::{CPUS, on_cpu};

/// Whether this build looks for nested borrows.
const LOOKED_FOR: bool = cfg!(any(debug_assertions, feature = "borrow-check"));

/// Whether `f` panics with the sentence on nested borrows of `variable`.
#[track_caller]
fn is_told(variable: &str, f: impl FnOnce()) -> bool {
    let Err(panic) = panic::catch_unwind(AssertUnwindSafe(f)) else {
        return false;
    };
    let text = panic.downcast::<String>().unwrap();
    let sentence = format!("the per-CPU variable `{variable}` is borrowed on this CPU already");
    assert!(text.starts_with(&sentence), "{text}");
    assert!(text.contains("RefCell"), "{text}");
    true
}

#[test]
fn defect_02_a_nested_with_current_is_told() {
    #[def_percpu]
    static NESTED: (u64, u64) = (1, 2);

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            NESTED.with_current(|_| {
                for _ in 0..2 {
                    // The first refusal must not end the outer borrow.
                    let told = is_told("NESTED", || NESTED.with_current(|_| ()));
                    assert_eq!(told, LOOKED_FOR);
                }
            });
            assert_eq!(NESTED.with_current(|both| *both), (1, 2));
        });
    }
}

#[test]
#[cfg(any(debug_assertions, feature = "borrow-check"))]
fn shared_references_are_refused_inside_of_with_current() {
    #[def_percpu]
    static BORROWED: u64 = 1;

    on_cpu(0, || {
        BORROWED.with_current(|value| {
            assert!(is_told("BORROWED", || BORROWED.reset_to_init()));
            assert!(is_told("BORROWED", || {
                BORROWED.get(&percpu_hv::CpuPin::new());
            }));
            assert!(is_told("BORROWED", || {
                BORROWED.get_local(&percpu_hv::IrqOff::new());
            }));
            *value = 2;
        });
        assert_eq!(*BORROWED.get(&percpu_hv::CpuPin::new()), 2);
        assert_eq!(*BORROWED.get_local(&percpu_hv::IrqOff::new()), 2);
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
        pub(super) static OUTER: u32 = 3;
    }

    on_cpu(0, || {
        OUTER.with_current(|outer| {
            INNER.with_current(|inner| {
                elsewhere::OUTER.with_current(|last| {
                    outer.push(*last);
                    inner.push(*last);
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
    static EVERYWHERE: u32 = 0;

    on_cpu(0, || {
        EVERYWHERE.with_current(|zero| {
            for cpu in 1..CPUS {
                on_cpu(cpu, || EVERYWHERE.with_current(|other| *other += 1));
            }
            *zero += 5;
        });
        assert_eq!(EVERYWHERE.sum(), 5 + CPUS as u32 - 1);
    });
}

#[test]
#[cfg(not(feature = "sp-naive"))]
fn a_borrow_ends_on_the_cpu_where_it_began() {
    #[def_percpu]
    static MOVED: u32 = 0;

    on_cpu(1, || {
        MOVED.with_current(|_| percpu_hv::init_percpu_reg(2));
        MOVED.with_current(|value| *value += 1);
        percpu_hv::init_percpu_reg(1);
        MOVED.with_current(|value| *value += 1);
    });
}

#[test]
fn a_panic_inside_ends_the_borrow() {
    #[def_percpu]
    static VALUE: u32 = 0;

    on_cpu(0, || {
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            VALUE.with_current(|value| {
                *value = 1;
                panic!("in the closure");
            })
        }));
        assert!(result.is_err());
        assert_eq!(VALUE.with_current(|value| *value), 1);
    });
}
