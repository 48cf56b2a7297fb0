//! What the safe accessors hold, counted by the hook of a kernel: feature `preempt-hook`.
#![cfg(all(
    feature = "preempt-hook",
    target_os = "linux",
    not(feature = "sp-naive")
))]

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::__priv::PerCpuData;
use percpu_hv::{CpuPin, def_percpu};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static DISABLED: Cell<usize> = const { Cell::new(0) };
}

percpu_hv::preempt_hook! {
    disable = || {
        DEPTH.set(DEPTH.get() + 1);
        DISABLED.set(DISABLED.get() + 1);
    },
    enable = || DEPTH.set(DEPTH.get().checked_sub(1).expect("disabled before")),
}

/// Runs `f`, and gives how often it disabled preemption; it enabled it as often.
#[track_caller]
fn disables(f: impl FnOnce()) -> usize {
    let (depth, before) = (DEPTH.get(), DISABLED.get());
    f();
    assert_eq!(DEPTH.get(), depth, "not balanced");
    DISABLED.get() - before
}

#[def_percpu]
static COUNT: u64 = 1;

#[percpu_hv::__priv::def_percpu_data]
static DATA: u64 = 1;

// `def_percpu_data` says `percpu`, as its users call the runtime.
use percpu_hv as percpu;

/// Makes this test's thread a CPU of its own.
fn on_a_cpu() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    percpu_hv::init_hosted(5).unwrap();
    let cpu = NEXT.fetch_add(1, Ordering::Relaxed);
    percpu_hv::init_percpu_reg(cpu);
    cpu
}

#[test]
fn safe_accessors_disable_once_and_enable_once() {
    on_a_cpu();
    let accessors: [fn(); 10] = [
        || COUNT.with_current(|count| assert_eq!((*count > 0, DEPTH.get()), (true, 1))),
        || COUNT.reset_to_init(),
        || assert!(COUNT.read_current() > 0),
        || COUNT.write_current(2),
        || COUNT.add_current(1),
        || assert!(COUNT.fetch_add_current(1) > 0),
        || COUNT.add_current_unprotected(1),
        || COUNT.inc_current(),
        || assert!(COUNT.swap_current(4) > 0),
        || assert!(COUNT.compare_exchange_current(4, 5).is_ok()),
    ];
    for (index, accessor) in accessors.into_iter().enumerate() {
        assert_eq!(disables(accessor), 1, "accessor {index}");
    }
}

#[test]
fn guards_hold_it_and_nest() {
    on_a_cpu();
    let pinned = disables(|| {
        let pin = CpuPin::new();
        assert_eq!(disables(|| assert!(COUNT.read(&pin) > 0)), 0);
        assert_eq!(disables(|| assert!(COUNT.read_current() > 0)), 1);
        assert_eq!(DEPTH.get(), 1);
    });
    assert_eq!(pinned, 2);
}

#[test]
fn a_panic_enables_again() {
    on_a_cpu();
    let panicked = disables(|| {
        let nested = std::panic::catch_unwind(|| COUNT.with_current(|_| panic!("in between")));
        assert!(nested.is_err());
    });
    assert_eq!(panicked, 1);
}

#[test]
fn unsafe_accessors_hold_nothing() {
    let cpu = on_a_cpu();
    // SAFETY: rules 2, 5 and 6, the thread is the CPU, and these references are short.
    let held = disables(|| unsafe {
        COUNT.write_current_raw(COUNT.read_current_raw());
        assert_eq!(COUNT.current_ptr(), COUNT.remote_ptr(cpu));
        *COUNT.current_ref_mut_raw() = *COUNT.current_ref_raw();
        *COUNT.remote_ref_mut_raw(cpu) = *COUNT.remote_ref_raw(cpu);
        DATA.write_current_raw(DATA.read_current_raw());
        assert_eq!(DATA.current_ptr(), DATA.remote_ptr(cpu));
    });
    assert_eq!(held, 0);
}

#[test]
fn the_accessors_of_custom_base_do_too() {
    let cpu = on_a_cpu();
    let _: &PerCpuData<u64> = &DATA;
    let accessors: [&dyn Fn(); 6] = [
        &|| DATA.with_current(|_| assert_eq!(DEPTH.get(), 1)),
        &|| DATA.write_current(2),
        &|| assert!(DATA.read_current() > 0),
        &|| assert!(DATA.read_remote(cpu) > 0),
        // SAFETY: rule 6, the CPU is this thread.
        &|| unsafe { DATA.write_remote(cpu, 3) },
        &|| assert!(!format!("{DATA}").is_empty()),
    ];
    for (index, accessor) in accessors.into_iter().enumerate() {
        assert_eq!(disables(accessor), 1, "accessor {index}");
    }
}
