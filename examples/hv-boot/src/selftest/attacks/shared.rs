//! Attacks on shared variables: atomics at any time, cells while interrupts are off.

use core::{
    cell::{Cell, RefCell},
    hint::black_box,
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
};

use percpu_hv::{CpuPin, IrqOff, def_percpu};

use super::{
    Attack, Notes, Test,
    exclusive::{FIRST, Words, change, number_of},
    interrupts_taken, linger,
};
use crate::interrupts;

/// An attack on shared variables of its own.
macro_rules! shared {
    ($attack:ident, $name:literal, $group:literal $(, $option:ident)?) => {{
        #[def_percpu $(($option))?]
        static ATOMIC: AtomicUsize = AtomicUsize::new(0);
        #[def_percpu $(($option))?]
        static PAIR: Cell<Pair> = Cell::new([0, !0]);
        #[def_percpu $(($option))?]
        static WORDS: RefCell<Words> = RefCell::new(FIRST);

        enum Variables {}

        impl Shared for Variables {
            fn atomic(pin: &CpuPin) -> &AtomicUsize {
                ATOMIC.get(pin)
            }
            fn pair(irq: &IrqOff) -> &Cell<Pair> {
                PAIR.get_local(irq)
            }
            fn words(irq: &IrqOff) -> &RefCell<Words> {
                WORDS.get_local(irq)
            }
            unsafe fn with_pair_unguarded(f: impl FnOnce(&Cell<Pair>)) {
                // SAFETY: rule 2, this core has its register; rule 16 is the caller's.
                f(unsafe { PAIR.current_ref_raw() });
            }
        }

        Test::new::<$attack<Variables>>($name, $group)
    }};
}

pub(super) const TESTS: &[Test] = &[
    shared!(Atomics, "atomics_lose_nothing", "ordinary"),
    shared!(Atomics, "atomics_lose_nothing", "hot", hot),
    shared!(Cells, "cells_are_whole", "ordinary"),
    shared!(Cells, "cells_are_whole", "hot", hot),
    shared!(Unguarded, "unguarded_cells_are_not", "ordinary"),
    shared!(Unguarded, "unguarded_cells_are_not", "hot", hot),
    Test::new::<Unmasked>("guards_restore_unmasked", "no variable"),
    Test::new::<Masked>("guards_restore_masked", "no variable"),
];

/// A number and its complement.
type Pair = [usize; 2];

/// Shared variables, and their accessors, the same for every group.
trait Shared {
    fn atomic(pin: &CpuPin) -> &AtomicUsize;
    fn pair(irq: &IrqOff) -> &Cell<Pair>;
    fn words(irq: &IrqOff) -> &RefCell<Words>;

    /// Calls `f` with the pair while interrupts come.
    ///
    /// # Safety
    ///
    /// Rule 16: nothing else on this CPU reaches it.
    unsafe fn with_pair_unguarded(f: impl FnOnce(&Cell<Pair>));
}

const ONE: usize = 1 << 8;

/// Both sides add to an atomic, and the loop takes what is there.
struct Atomics<S>(PhantomData<S>);

impl<S: Shared> Attack for Atomics<S> {
    fn reset() {
        S::atomic(&CpuPin::new()).store(0, Ordering::Relaxed);
    }

    fn access(notes: &Notes, pin: &CpuPin) {
        let taken = notes.access(|| {
            S::atomic(pin).fetch_add(1, Ordering::Relaxed);
            let atomic = S::atomic(pin);
            atomic.fetch_or(0b10, Ordering::Relaxed);
            atomic.swap(0, Ordering::Relaxed)
        });
        notes.check(taken % ONE == 0b11);
        notes.after.set(notes.after.get() + taken / ONE);
    }

    fn attack(notes: &Notes, pin: &CpuPin) {
        S::atomic(pin).fetch_add(ONE, Ordering::Relaxed);
        notes.changes.count();
    }

    fn inspect(notes: &Notes) {
        let rest = S::atomic(&CpuPin::new()).load(Ordering::Relaxed);
        notes.check(notes.after.get() + rest / ONE == notes.changes.get());
    }
}

/// Calls `f` with interrupts off by guards that end in another order each time.
fn under_guards(turn: usize, f: impl Fn(&IrqOff) + Send + Sync) {
    match turn % 6 {
        0 => f(&IrqOff::new()),
        1 => {
            let first = IrqOff::new();
            let second = IrqOff::new();
            f(&first);
            drop(first);
            f(&second);
        }
        2 => {
            let irq = IrqOff::new();
            drop(IrqOff::new());
            IrqOff::scoped(|_| ());
            f(&irq);
        }
        3 => {
            let guards = [IrqOff::new(), IrqOff::new(), IrqOff::new()];
            let [first, second, third] = guards;
            drop(second);
            f(&third);
            drop(third);
            f(&first);
        }
        4 => IrqOff::scoped(|irq| {
            drop(IrqOff::new());
            IrqOff::scoped(|_| drop(IrqOff::new()));
            f(irq);
        }),
        _ => {
            let irq = IrqOff::new();
            IrqOff::scoped(&f);
            f(&irq);
        }
    }
}

/// Adds 1 to the number of both cells, in steps.
fn add_one<S: Shared>(notes: &Notes, irq: &IrqOff) {
    let interrupts = interrupts_taken();
    let pair = S::pair(irq);
    let [number, complement] = pair.get();
    notes.check(number == !complement);
    notes.check(number == notes.after.get());
    pair.set([number + 1, complement]);
    black_box(pair);
    linger();
    pair.set([number + 1, !(number + 1)]);
    match S::words(irq).try_borrow_mut() {
        Ok(mut words) => {
            notes.check(number_of(&words) == Some(number));
            change(&mut words, number + 1);
        }
        Err(_) => notes.check(false),
    }
    notes.after.set(number + 1);
    // None comes while interrupts are off.
    notes.check(interrupts_taken() == interrupts);
}

/// Both sides change cells while interrupts are off.
struct Cells<S>(PhantomData<S>);

impl<S: Shared> Attack for Cells<S> {
    fn reset() {
        IrqOff::scoped(|irq| {
            S::pair(irq).set([0, !0]);
            S::words(irq).replace(FIRST);
        });
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| under_guards(notes.accesses.get(), |irq| add_one::<S>(notes, irq)));
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        under_guards(notes.changes.get(), |irq| add_one::<S>(notes, irq));
        notes.changes.count();
    }
}

/// The control: the loop changes a cell while interrupts come.
struct Unguarded<S>(PhantomData<S>);

impl<S: Shared> Attack for Unguarded<S> {
    fn reset() {
        IrqOff::scoped(|irq| S::pair(irq).set([0, !0]));
    }

    fn access(notes: &Notes, _: &CpuPin) {
        let number = notes.accesses.get();
        let change = |pair: &Cell<Pair>| {
            pair.set([number, !0]);
            black_box(pair);
            pair.set([number, !number]);
        };
        // SAFETY: none, rule 16 is broken on purpose. The handler only looks, and the compiler knows nothing of the
        // pair in between.
        notes.access(|| unsafe { S::with_pair_unguarded(change) });
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        let [number, complement] = IrqOff::scoped(|irq| S::pair(irq).get());
        if number != !complement {
            notes.found.count();
        }
    }

    fn is_enough(notes: &Notes) -> bool {
        notes.found.get() > 0
    }
}

/// Guards that last as short as they can: afterwards interrupts come, or the test has no end.
struct Unmasked;

impl Attack for Unmasked {
    // Most come when a guard ends, since they had to wait.
    const HITS: usize = 40;

    fn reset() {}

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| under_guards(notes.accesses.get(), |_| ()));
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        under_guards(notes.attacks.get(), |_| ());
    }
}

/// Guards where interrupts are masked already: afterwards none come.
struct Masked;

impl Attack for Masked {
    fn reset() {}

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| {
            interrupts::disable();
            let interrupts = interrupts_taken();
            under_guards(notes.accesses.get(), |_| linger());
            linger();
            notes.check(interrupts_taken() == interrupts);
            interrupts::enable();
        });
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        under_guards(notes.attacks.get(), |_| ());
    }
}
