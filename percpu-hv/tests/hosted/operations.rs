//! The this-CPU operations against another context on the same CPU.

use std::sync::Barrier;
use std::thread;

use percpu_hv::{CpuPin, def_percpu};

use crate::common::{CPUS, on_cpu};

/// Long enough for each context to be interrupted by the others, also if one core runs them all.
const EACH: u64 = if cfg!(miri) { 100 } else { 500_000 };

/// Runs `f` in `contexts` threads that play one CPU, as a main loop and handlers do.
fn together(contexts: usize, cpu: usize, f: impl Fn(usize) + Sync) {
    let start = Barrier::new(contexts);
    thread::scope(|scope| {
        for context in 0..contexts {
            let (f, start) = (&f, &start);
            scope.spawn(move || {
                on_cpu(cpu, || {
                    start.wait();
                    f(context);
                })
            });
        }
    });
}

#[test]
fn defect_27_no_addition_is_lost_to_another_context() {
    #[def_percpu]
    static UP: u64 = 0;
    #[def_percpu]
    static DOWN: i8 = 0;

    together(3, 0, |_| {
        for _ in 0..EACH {
            UP.add_current(2);
            UP.inc_current();
            UP.fetch_sub_current(1);
            DOWN.dec_current();
            DOWN.fetch_add_current(-2);
        }
    });
    on_cpu(0, || {
        assert_eq!(UP.read_current(), 3 * 2 * EACH);
        assert_eq!(DOWN.read_current(), (-3 * 3 * EACH as i64) as i8);
    });
    for cpu in 1..CPUS {
        on_cpu(cpu, || {
            assert_eq!((UP.read_current(), DOWN.read_current()), (0, 0))
        });
    }
}

#[test]
fn defect_27_no_bit_is_lost_to_another_context() {
    #[def_percpu]
    static BITS: u32 = 0;

    together(4, 0, |context| {
        let own = 0xff << (8 * context);
        for _ in 0..EACH {
            BITS.or_current(own);
            assert_eq!(BITS.read_current() & own, own);
            assert_eq!(BITS.fetch_and_current(!own) & own, own);
            BITS.xor_current(own);
            assert_eq!(BITS.fetch_xor_current(own) & own, own);
        }
    });
    on_cpu(0, || assert_eq!(BITS.read_current(), 0));
}

#[test]
fn defect_27_a_compare_exchange_takes_what_it_saw() {
    #[def_percpu]
    static TICKETS: u16 = 0;
    #[def_percpu]
    static TAKEN: bool = false;
    #[def_percpu]
    static INSIDE: u64 = 0;

    together(3, 0, |_| {
        for _ in 0..EACH / 100 {
            let mut seen = TICKETS.read_current();
            while let Err(found) = TICKETS.compare_exchange_current(seen, seen.wrapping_add(3)) {
                assert_ne!(found, seen);
                seen = found;
            }
            // A lock by exchange: the separate load and store inside lose nothing.
            while TAKEN.swap_current(true) {
                thread::yield_now();
            }
            INSIDE.write_current(INSIDE.read_current() + 1);
            TAKEN.write_current(false);
        }
    });
    on_cpu(0, || {
        assert_eq!(TICKETS.read_current(), (3 * 3 * (EACH / 100)) as u16);
        assert_eq!(INSIDE.read_current(), 3 * (EACH / 100));
    });
}

#[test]
fn operations_and_guards_see_one_value() {
    #[def_percpu]
    static VALUE: i64 = -1;

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let pin = CpuPin::new();
            assert_eq!(VALUE.swap_current(cpu as i64), -1);
            assert_eq!(VALUE.read(&pin), cpu as i64);
            VALUE.write(&pin, 10);
            assert_eq!(VALUE.fetch_add_current_unprotected(5), 10);
            assert_eq!(VALUE.compare_exchange_current(15, 16), Ok(15));
            assert_eq!(VALUE.with_current(|value| *value), 16);
        });
    }
}
