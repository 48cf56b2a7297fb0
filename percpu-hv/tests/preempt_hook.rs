//! What the safe accessors hold, counted by the hook of a kernel: feature `preempt-hook`.
#![cfg(all(
    feature = "preempt-hook",
    feature = "compat",
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
    /// The CPU that this context is on when `disable` returns, if it is another one then.
    static MOVE_TO: Cell<Option<usize>> = const { Cell::new(None) };
}

percpu_hv::preempt_hook! {
    // A thread is on its CPU until it chooses another one, which it does nowhere else while a guard lives.
    unsafe {
        disable = || {
            if let Some(cpu) = MOVE_TO.take() {
                percpu_hv::init_percpu_reg(cpu);
            }
            DEPTH.set(DEPTH.get() + 1);
            DISABLED.set(DISABLED.get() + 1);
        },
        enable = || DEPTH.set(DEPTH.get().checked_sub(1).expect("disabled before")),
    }
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

/// Makes this test's thread a CPU that no other test has.
fn on_a_cpu() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    percpu_hv::init_hosted(32).unwrap();
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

/// A context that `disable` finds on one CPU and leaves on another one, where every accessor has to go on.
mod moved {
    use std::cell::RefCell;
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::atomic::AtomicU64;

    use percpu_hv::{IrqOff, PerCpuCounter, current_cpu};

    use super::*;

    /// Two CPUs that no other test has.
    #[derive(Clone, Copy)]
    struct Two {
        from: usize,
        to: usize,
    }

    impl Two {
        fn new() -> Self {
            let [from, to] = [(); 2].map(|()| on_a_cpu());
            Self { from, to }
        }

        /// Runs `accessor` on one of them; the hook moves it to the other one.
        #[track_caller]
        fn during<R>(self, accessor: impl FnOnce() -> R) -> R {
            percpu_hv::init_percpu_reg(self.from);
            MOVE_TO.set(Some(self.to));
            let result = accessor();
            assert_eq!(MOVE_TO.get(), None, "preemption was never disabled");
            result
        }

        /// What `look` finds on either.
        fn each<R>(self, mut look: impl FnMut() -> R) -> (R, R) {
            let [from, to] = [self.from, self.to].map(|cpu| {
                percpu_hv::init_percpu_reg(cpu);
                look()
            });
            (from, to)
        }
    }

    const FROM: u64 = 0x5;
    const TO: u64 = 0xc;
    const NEW: u64 = 0x6;

    /// An accessor of `$word`, what it returns and what it leaves, where it reaches the second CPU.
    macro_rules! reach_the_new_cpu {
        ($two:expr, $word:ident: $($accessor:expr => $returns:expr, $leaves:expr;)*) => {$({
            let (two, name) = ($two, stringify!($accessor));
            let mut values = [FROM, TO].into_iter();
            two.each(|| $word.write_current(values.next().unwrap()));
            assert_eq!(two.during(|| $accessor), $returns, "{name}");
            assert_eq!(two.each(|| $word.read_current()), (FROM, $leaves), "{name}");
        })*};
    }

    #[test]
    fn reads_and_writes_reach_the_new_cpu() {
        #[def_percpu]
        static WORD: u64 = 0;
        let two = Two::new();

        reach_the_new_cpu! { two, WORD:
            WORD.read_current() => TO, TO;
            WORD.write_current(NEW) => (), NEW;
            WORD.swap_current(NEW) => TO, NEW;
            WORD.swap_current_unprotected(NEW) => TO, NEW;
            WORD.compare_exchange_current(TO, NEW) => Ok(TO), NEW;
            WORD.compare_exchange_current(FROM, NEW) => Err(TO), TO;
        }
        assert_eq!(two.during(|| current_cpu().index()), two.to);
    }

    #[test]
    fn operations_reach_the_new_cpu() {
        #[def_percpu]
        static WORD: u64 = 0;
        let two = Two::new();

        reach_the_new_cpu! { two, WORD:
            WORD.add_current(NEW) => (), TO + NEW;
            WORD.sub_current(NEW) => (), TO - NEW;
            WORD.and_current(NEW) => (), TO & NEW;
            WORD.or_current(NEW) => (), TO | NEW;
            WORD.xor_current(NEW) => (), TO ^ NEW;
            WORD.inc_current() => (), TO + 1;
            WORD.dec_current() => (), TO - 1;
            WORD.fetch_add_current(NEW) => TO, TO + NEW;
            WORD.fetch_sub_current(NEW) => TO, TO - NEW;
            WORD.fetch_and_current(NEW) => TO, TO & NEW;
            WORD.fetch_or_current(NEW) => TO, TO | NEW;
            WORD.fetch_xor_current(NEW) => TO, TO ^ NEW;
            WORD.add_current_unprotected(NEW) => (), TO + NEW;
            WORD.sub_current_unprotected(NEW) => (), TO - NEW;
            WORD.and_current_unprotected(NEW) => (), TO & NEW;
            WORD.or_current_unprotected(NEW) => (), TO | NEW;
            WORD.xor_current_unprotected(NEW) => (), TO ^ NEW;
            WORD.inc_current_unprotected() => (), TO + 1;
            WORD.dec_current_unprotected() => (), TO - 1;
            WORD.fetch_add_current_unprotected(NEW) => TO, TO + NEW;
            WORD.fetch_sub_current_unprotected(NEW) => TO, TO - NEW;
            WORD.fetch_and_current_unprotected(NEW) => TO, TO & NEW;
            WORD.fetch_or_current_unprotected(NEW) => TO, TO | NEW;
            WORD.fetch_xor_current_unprotected(NEW) => TO, TO ^ NEW;
        }
    }

    #[test]
    fn with_current_and_reset_to_init_reach_the_new_cpu() {
        const INITIAL: u64 = 0x3;
        #[def_percpu]
        static WORD: u64 = INITIAL;
        let two = Two::new();

        reach_the_new_cpu! { two, WORD:
            WORD.with_current(|word| *word) => TO, TO;
            WORD.with_current(|word| std::mem::replace(word, NEW)) => TO, NEW;
            WORD.reset_to_init() => (), INITIAL;
        }
    }

    #[test]
    fn a_struct_is_reached_on_the_new_cpu() {
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct State {
            exits: u64,
            last: Option<u32>,
        }
        const INITIAL: State = State {
            exits: 1,
            last: None,
        };
        #[def_percpu]
        static STATE: State = INITIAL;
        let two = Two::new();
        let exits = |exits| State {
            exits,
            last: Some(7),
        };

        let mut values = [FROM, TO].map(exits).into_iter();
        two.each(|| STATE.with_current(|state| *state = values.next().unwrap()));
        let old = two.during(|| {
            STATE.with_current(|state| {
                // What tells a nested borrow is on the new CPU too.
                if cfg!(debug_assertions) {
                    let nested = AssertUnwindSafe(|| STATE.with_current(|_| ()));
                    assert!(panic::catch_unwind(nested).is_err(), "a nested borrow");
                }
                std::mem::replace(state, exits(NEW))
            })
        });
        assert_eq!(old, exits(TO));
        let found = two.each(|| STATE.with_current(|state| *state));
        assert_eq!(found, (exits(FROM), exits(NEW)));

        two.during(|| STATE.reset_to_init());
        let found = two.each(|| STATE.with_current(|state| *state));
        assert_eq!(found, (exits(FROM), INITIAL));
    }

    #[test]
    fn a_pin_holds_the_new_cpu() {
        #[def_percpu]
        static WORD: u64 = 0;
        #[def_percpu]
        static SHARED: AtomicU64 = AtomicU64::new(0);
        let two = Two::new();

        let write = |pin: &CpuPin| {
            assert_eq!(WORD.read(pin), TO);
            WORD.write(pin, NEW);
            assert_eq!(SHARED.get(pin).swap(NEW, Ordering::Relaxed), TO);
        };
        // Neither the context's own CPU nor a later move changes what a guard reaches.
        let guards: [(&str, &dyn Fn()); 4] = [
            ("CpuPin", &|| write(&two.during(CpuPin::new))),
            ("IrqOff", &|| write(&two.during(IrqOff::new))),
            ("IrqOff::scoped", &|| {
                two.during(|| IrqOff::scoped(|irq| write(irq)))
            }),
            ("CpuPin, moved later", &|| {
                let pin = two.during(CpuPin::new);
                percpu_hv::init_percpu_reg(two.from);
                write(&pin);
            }),
        ];
        for (name, guard) in guards {
            let mut values = [FROM, TO].into_iter();
            two.each(|| {
                let (pin, value) = (CpuPin::new(), values.next().unwrap());
                WORD.write(&pin, value);
                SHARED.get(&pin).store(value, Ordering::Relaxed);
            });
            guard();
            let found = two.each(|| {
                let pin = CpuPin::new();
                (WORD.read(&pin), SHARED.get(&pin).load(Ordering::Relaxed))
            });
            assert_eq!(found, ((FROM, FROM), (NEW, NEW)), "{name}");
        }
    }

    #[test]
    fn what_needs_interrupts_off_is_reached_on_the_new_cpu() {
        #[def_percpu]
        static CELL: Cell<u64> = Cell::new(0);
        #[def_percpu]
        static QUEUE: RefCell<Vec<u64>> = RefCell::new(Vec::new());
        let two = Two::new();

        let mut values = [FROM, TO].into_iter();
        two.each(|| {
            let (irq, value) = (IrqOff::new(), values.next().unwrap());
            CELL.get_local(&irq).set(value);
            QUEUE.borrow_mut(&irq).push(value);
        });
        {
            let irq = two.during(IrqOff::new);
            assert_eq!(CELL.get_local(&irq).replace(NEW), TO);
            assert_eq!(*QUEUE.borrow(&irq), [TO]);
            QUEUE.borrow_mut(&irq).push(NEW);
        }
        // Another thread on the CPU that the context is on waits, and one on the CPU that it left does not.
        {
            let irq = two.during(IrqOff::new);
            let (sender, entered) = std::sync::mpsc::channel();
            let waits = |cpu: usize| {
                let sender = sender.clone();
                move || {
                    percpu_hv::init_percpu_reg(cpu);
                    drop(IrqOff::new());
                    sender.send(cpu).unwrap();
                }
            };
            let threads = [two.from, two.to].map(|cpu| std::thread::spawn(waits(cpu)));
            assert_eq!(entered.recv(), Ok(two.from));
            let a_while = std::time::Duration::from_millis(50);
            assert!(entered.recv_timeout(a_while).is_err());
            drop(irq);
            assert_eq!(entered.recv(), Ok(two.to));
            for thread in threads {
                thread.join().unwrap();
            }
        }
        let scoped = || IrqOff::scoped(|irq| CELL.get_local(irq).replace(NEW + 1));
        assert_eq!(two.during(scoped), NEW);
        let found = two.each(|| {
            let irq = IrqOff::new();
            (CELL.get_local(&irq).get(), QUEUE.borrow(&irq).clone())
        });
        assert_eq!(found, ((FROM, vec![FROM]), (NEW + 1, vec![TO, NEW])));
    }

    /// What a counter's part holds shows in the difference that retiring its CPU makes to `read`.
    #[test]
    fn a_counter_adds_on_the_new_cpu() {
        #[def_percpu]
        static PLAIN: PerCpuCounter = PerCpuCounter::new();
        #[def_percpu]
        static BATCHED: PerCpuCounter<10> = PerCpuCounter::new();
        let two = Two::new();
        let parts = || {
            two.each(|| {
                // SAFETY: rules 2 and 6, this thread is both CPUs.
                let parts = unsafe { (PLAIN.current_ref_raw(), BATCHED.current_ref_raw()) };
                (format!("{:?}", parts.0), format!("{:?}", parts.1))
            })
        };
        let part = |plain: i64, batched: i64| {
            let text = |part| format!("PerCpuCounter {{ part: {part} }}");
            (text(plain), text(batched))
        };

        two.each(|| {
            PLAIN.add(1);
            BATCHED.add(1);
        });
        two.during(|| PLAIN.add(100));
        two.during(|| PLAIN.sub(20));
        two.during(|| BATCHED.add(4));
        assert_eq!(
            (parts(), BATCHED.approximate()),
            ((part(1, 1), part(81, 5)), 0)
        );
        // A full batch moves, the new CPU's.
        two.during(|| BATCHED.add(5));
        assert_eq!(
            (parts(), BATCHED.approximate()),
            ((part(1, 1), part(81, 0)), 10)
        );
        assert_eq!((PLAIN.sum(), BATCHED.sum()), (82, 11));
    }

    #[test]
    fn the_accessors_of_custom_base_reach_the_new_cpu() {
        #[percpu_hv::__priv::def_percpu_data]
        static WORD: u64 = 0;
        let two = Two::new();

        reach_the_new_cpu! { two, WORD:
            WORD.read_current() => TO, TO;
            WORD.write_current(NEW) => (), NEW;
            WORD.with_current(|word| std::mem::replace(word, NEW)) => TO, NEW;
            format!("{WORD}") => "12", TO;
            format!("{WORD:?}") => "12", TO;
        }
    }
}
