//! Attacks on exclusive variables: a handler borrows all of one, or is refused.

use core::{hint::black_box, marker::PhantomData};

use percpu_hv::{Borrowed, CpuPin, def_percpu};

use super::{Attack, Notes, Test, linger};

/// An attack on an exclusive variable of its own.
macro_rules! exclusive {
    ($attack:ident, $name:literal, $group:literal $(, $option:ident)?) => {{
        #[def_percpu $(($option))?]
        static VARIABLE: Words = FIRST;

        enum Variable {}

        impl Exclusive for Variable {
            fn with<R>(f: impl FnOnce(&mut Words) -> R) -> R {
                VARIABLE.with_current(f)
            }
            fn with_irq_off<R: Send>(f: impl FnOnce(&mut Words) -> R + Send) -> R {
                VARIABLE.with_current_irq_off(f)
            }
            fn try_with<R>(f: impl FnOnce(&mut Words) -> R) -> Result<R, Borrowed> {
                VARIABLE.try_with_current(f)
            }
            fn reset() {
                VARIABLE.reset_to_init();
            }
            unsafe fn with_unchecked<R>(f: impl FnOnce(&mut Words) -> R) -> R {
                // SAFETY: rule 5 is the caller's.
                unsafe { VARIABLE.with_current_unchecked(f) }
            }
        }

        Test::new::<$attack<Variable>>($name, $group)
    }};
}

pub(super) const TESTS: &[Test] = &[
    exclusive!(Borrows, "borrows_exclude_each_other", "ordinary"),
    exclusive!(Borrows, "borrows_exclude_each_other", "hot", hot),
    exclusive!(Masked, "masked_borrows_are_not_found", "ordinary"),
    exclusive!(Masked, "masked_borrows_are_not_found", "hot", hot),
    exclusive!(Resets, "resets_are_whole", "ordinary"),
    exclusive!(Resets, "resets_are_whole", "hot", hot),
    exclusive!(Unchecked, "unchecked_borrows_find_parts", "ordinary"),
    exclusive!(Unchecked, "unchecked_borrows_find_parts", "hot", hot),
];

/// A number and its complement, by turns: whole if all of them are the same number.
pub(super) type Words = [usize; 4];

pub(super) const FIRST: Words = [0, !0, 0, !0];

/// The number, if all words have it.
pub(super) fn number_of(&[a, b, c, d]: &Words) -> Option<usize> {
    (a == !b && a == c && a == !d).then_some(a)
}

/// Changes the number in one word after the other; an interrupt in between finds the words broken.
pub(super) fn change(words: &mut Words, number: usize) {
    words[0] = number;
    black_box(&mut *words);
    words[1] = !number;
    black_box(&mut *words);
    words[2] = number;
    black_box(&mut *words);
    words[3] = !number;
}

/// The accessors of an exclusive variable, the same for every group.
trait Exclusive {
    fn with<R>(f: impl FnOnce(&mut Words) -> R) -> R;
    fn with_irq_off<R: Send>(f: impl FnOnce(&mut Words) -> R + Send) -> R;
    fn try_with<R>(f: impl FnOnce(&mut Words) -> R) -> Result<R, Borrowed>;
    fn reset();

    /// # Safety
    ///
    /// Rule 5: nothing else reaches the variable on this CPU.
    unsafe fn with_unchecked<R>(f: impl FnOnce(&mut Words) -> R) -> R;
}

/// Adds 1 to the number, which is that of the last change.
fn add_one(notes: &Notes, words: &mut Words) {
    let number = notes.after.get();
    notes.check(number_of(words) == Some(number));
    change(words, number + 1);
    notes.after.set(number + 1);
}

/// Both sides change the words: the handler is refused while the loop does, and at no other time.
struct Borrows<E>(PhantomData<E>);

impl<E: Exclusive> Attack for Borrows<E> {
    fn reset() {
        E::reset();
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| {
            E::with(|words| {
                notes.is_borrowed.set(1);
                let by_handler = notes.changes.get();
                add_one(notes, words);
                notes.check(E::try_with(|_| ()).is_err());
                linger();
                add_one(notes, words);
                notes.check(notes.changes.get() == by_handler);
                notes.is_borrowed.set(0);
            });
        });
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        let is_inside = notes.is_inside.get() == 1;
        match E::try_with(|words| add_one(notes, words)) {
            Ok(()) => {
                notes.check(notes.is_borrowed.get() == 0);
                notes.changes.count();
            }
            Err(_) => {
                notes.check(is_inside);
                // A refusal leaves the loop's borrow as it is.
                notes.check(E::try_with(|_| ()).is_err());
                notes.refusals.count();
            }
        }
        if !is_inside {
            E::with(|words| add_one(notes, words));
        }
    }

    fn inspect(notes: &Notes) {
        notes.check(E::try_with(|words| number_of(words)) == Ok(Some(notes.after.get())));
    }

    fn is_enough(notes: &Notes) -> bool {
        let (by_handler, refusals) = (notes.changes.get(), notes.refusals.get());
        notes.hits.get() >= Self::HITS && by_handler > 0 && refusals > 0
    }
}

/// Both sides change the words, the loop with interrupts masked: the handler is never refused.
struct Masked<E>(PhantomData<E>);

impl<E: Exclusive> Attack for Masked<E> {
    const HITS: usize = 16;

    fn reset() {
        E::reset();
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| {
            E::with_irq_off(|words| {
                add_one(notes, words);
                linger();
                add_one(notes, words);
            });
        });
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        notes.check(E::try_with(|words| add_one(notes, words)).is_ok());
        E::with_irq_off(|words| add_one(notes, words));
        notes.changes.count();
    }

    fn inspect(notes: &Notes) {
        notes.check(E::try_with(|words| number_of(words)) == Ok(Some(notes.after.get())));
    }
}

/// The loop changes the words and assigns their initial value, with no more in between: where the handler is not
/// refused, it finds them whole, and so does the loop.
struct Resets<E>(PhantomData<E>);

impl<E: Exclusive> Attack for Resets<E> {
    fn reset() {
        E::reset();
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| {
            E::with(|words| change(words, notes.accesses.get()));
            E::reset();
            let number = E::with(|words| number_of(words));
            notes.check(number.is_some());
        });
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        let outcome = E::try_with(|words| {
            notes.check(number_of(words).is_some());
            change(words, notes.attacks.get());
        });
        if outcome.is_err() {
            notes.check(notes.is_inside.get() == 1);
            notes.refusals.count();
        }
    }

    fn is_enough(notes: &Notes) -> bool {
        notes.hits.get() >= Self::HITS && notes.refusals.get() > 0
    }
}

/// The control: the handler looks without a borrow.
struct Unchecked<E>(PhantomData<E>);

impl<E: Exclusive> Attack for Unchecked<E> {
    fn reset() {
        E::reset();
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| E::with(|words| change(words, notes.accesses.get())));
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        // SAFETY: none, rule 5 is broken on purpose. The words are only read here, and the compiler knows nothing of
        // them in between what the loop does.
        let number = unsafe { E::with_unchecked(|words| number_of(words)) };
        if number.is_none() {
            notes.found.count();
        }
    }

    fn is_enough(notes: &Notes) -> bool {
        notes.found.get() > 0
    }
}
