//! `CpuPin` and `IrqOff`: one reading of the register, and nothing else on the CPU.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

#[cfg(not(feature = "sp-naive"))]
use percpu_hv::CpuId;
use percpu_hv::{CpuPin, IrqOff, def_percpu};

use crate::common::{CPUS, on_cpu, refused};

#[test]
fn a_pin_reaches_this_cpus_copy() {
    #[def_percpu]
    static EXITS: AtomicU64 = AtomicU64::new(5);
    #[def_percpu]
    static LAST: i16 = -3;

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let pin = CpuPin::new();
            assert_eq!(EXITS.get(&pin).fetch_add(1, Ordering::Relaxed), 5);
            // SAFETY: rule 2, this thread is a CPU; nothing is read.
            assert!(ptr::eq(EXITS.get(&pin), unsafe { EXITS.current_ptr() }));
            assert_eq!(LAST.read(&pin), -3);
            LAST.write(&pin, cpu as i16);
            assert_eq!(LAST.read(&pin), LAST.read_current());
        });
    }
    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let pin = CpuPin::new();
            assert_eq!(EXITS.get(&pin).load(Ordering::Relaxed), 6);
            assert_eq!(LAST.read(&pin), cpu as i16);
        });
    }
}

#[test]
#[cfg(not(feature = "sp-naive"))]
fn a_pin_holds_the_base() {
    #[def_percpu]
    static ID: usize = 0;
    #[def_percpu]
    static SHARED: AtomicU64 = AtomicU64::new(0);

    on_cpu(1, || ID.write_current(11));
    on_cpu(2, || {
        ID.write_current(22);
        let two = CpuPin::new();
        percpu_hv::init_percpu_reg(1);
        assert_eq!((ID.read(&two), ID.read(&CpuPin::new())), (22, 11));
        let one = CpuPin::new();
        let (pinned, here) = (SHARED.get(&two), SHARED.get(&one));
        assert!(ptr::eq(pinned, SHARED.on(CpuId::new(2).unwrap())));
        assert!(ptr::eq(here, SHARED.on(CpuId::new(1).unwrap())));
    });
}

#[test]
#[cfg(not(feature = "sp-naive"))]
fn a_guard_needs_a_cpu() {
    let guards: [fn(); 2] = [
        || {
            CpuPin::new();
        },
        || {
            IrqOff::new();
        },
    ];
    for guard in guards {
        let text = crate::common::panic_text(guard);
        assert!(text.contains("init_percpu_reg(cpu_id)"), "{text}");
    }
}

#[test]
fn interrupts_off_reaches_what_is_not_sync() {
    #[def_percpu]
    static PENDING: Cell<u64> = Cell::new(1);
    #[def_percpu]
    static SHARED: AtomicU64 = AtomicU64::new(2);

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let irq = IrqOff::new();
            let pending = PENDING.get_local(&irq);
            pending.set(pending.get() | 1 << 3);
            assert_eq!(PENDING.get_local(&irq).get(), 9);
            // It is a pin, too.
            assert_eq!(SHARED.get(&irq).load(Ordering::Relaxed), 2);
        });
        on_cpu(cpu, || {
            assert_eq!(PENDING.get_local(&IrqOff::new()).get(), 9)
        });
    }
}

#[test]
fn a_refcell_tells_a_second_borrow() {
    #[def_percpu]
    static QUEUE: RefCell<Vec<u32>> = RefCell::new(Vec::new());

    on_cpu(0, || {
        let irq = IrqOff::new();
        QUEUE.borrow_mut(&irq).push(7);
        {
            let first = QUEUE.borrow(&irq);
            assert_eq!((&*first, QUEUE.borrow(&irq).len()), (&vec![7], 1));
            assert!(QUEUE.try_borrow(&irq).is_ok());
            assert!(QUEUE.try_borrow_mut(&irq).is_err());
        }
        {
            let mut only = QUEUE.try_borrow_mut(&irq).unwrap();
            // A second guard, as a function called from here may make it.
            let inner = IrqOff::new();
            assert!(QUEUE.try_borrow(&inner).is_err());
            assert!(QUEUE.try_borrow_mut(&inner).is_err());
            only.push(8);
        }
        assert_eq!(*QUEUE.borrow(&irq), [7, 8]);
    });
    refused(0, &["already", "borrowed"], || {
        let irq = IrqOff::new();
        let _only = QUEUE.borrow_mut(&irq);
        drop(QUEUE.borrow(&irq));
    });
    refused(0, &["already", "borrowed"], || {
        let irq = IrqOff::new();
        let _shared = QUEUE.borrow(&irq);
        drop(QUEUE.borrow_mut(&irq));
    });
    // The panics released both the borrow and the CPU.
    on_cpu(0, || {
        assert_eq!(QUEUE.borrow_mut(&IrqOff::new()).pop(), Some(8))
    });
}

/// Two threads that run as one CPU are two contexts on it: the sum is exact if one waits for the
/// other.
#[test]
fn two_contexts_on_one_cpu_exclude_each_other() {
    #[def_percpu]
    static COUNT: Cell<u32> = Cell::new(0);
    const EACH: u32 = if cfg!(miri) { 10 } else { 500 };

    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                on_cpu(0, || {
                    for _ in 0..EACH {
                        let irq = IrqOff::new();
                        let count = COUNT.get_local(&irq);
                        let before = count.get();
                        thread::yield_now();
                        count.set(before + 1);
                    }
                });
            });
        }
    });
    on_cpu(0, || {
        assert_eq!(COUNT.get_local(&IrqOff::new()).get(), 3 * EACH)
    });
}

#[test]
fn with_current_irq_off_excludes_the_contexts_on_one_cpu() {
    #[def_percpu]
    static COUNT: u32 = 0;
    const EACH: u32 = if cfg!(miri) { 10 } else { 500 };

    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                on_cpu(0, || {
                    for _ in 0..EACH {
                        COUNT.with_current_irq_off(|count| {
                            thread::yield_now();
                            *count += 1;
                        });
                    }
                });
            });
        }
    });
    on_cpu(0, || assert_eq!(COUNT.read_current(), 3 * EACH));
}

#[test]
fn guards_nest_and_end_in_any_order() {
    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in ORDERS {
        on_cpu(0, || {
            let mut guards = [(); 3].map(|()| Some(IrqOff::new()));
            let (entered, has_entered) = mpsc::channel();
            thread::scope(|scope| {
                scope.spawn(|| {
                    on_cpu(0, || {
                        let _irq = IrqOff::new();
                        entered.send(()).unwrap();
                    });
                });
                for index in order {
                    let waits = has_entered.recv_timeout(Duration::from_millis(5));
                    assert_eq!(waits, Err(RecvTimeoutError::Timeout), "{order:?}");
                    guards[index] = None;
                }
                has_entered.recv().unwrap();
            });
        });
    }
}

#[test]
#[cfg(not(feature = "sp-naive"))]
fn interrupts_of_other_cpus_stay_on() {
    on_cpu(0, || {
        let _zero = IrqOff::new();
        on_cpu(1, || drop(IrqOff::new()));
        // This context goes to another CPU and comes back, which only a test can do.
        percpu_hv::init_percpu_reg(2);
        let two = IrqOff::new();
        percpu_hv::init_percpu_reg(0);
        drop(IrqOff::new());
        drop(two);
        on_cpu(2, || drop(IrqOff::new()));
    });
}

#[test]
fn guards_tell_their_type_and_nothing_else() {
    on_cpu(0, || {
        assert_eq!(format!("{:?}", CpuPin::new()), "CpuPin { .. }");
        assert_eq!(format!("{:?}", IrqOff::new()), "IrqOff { .. }");
    });
}
