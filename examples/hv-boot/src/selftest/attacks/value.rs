//! Attacks on values: nothing that one side stores is lost, and nobody sees a part of a value.

use core::{hint::black_box, marker::PhantomData, ptr};

use percpu_hv::{CpuPin, Scalar, def_percpu};

use super::{Attack, Notes, Test, linger};

/// Defines `Variable`, a value.
macro_rules! variable {
    ($ty:ty $(, $option:ident)?) => {
        #[def_percpu $(($option))?]
        static VARIABLE: $ty = <$ty>::NONE;

        enum Variable {}

        impl Value for Variable {
            type T = $ty;

            fn read() -> $ty {
                VARIABLE.read_current()
            }
            fn read_pinned(pin: &CpuPin) -> $ty {
                VARIABLE.read(pin)
            }
            fn write(value: $ty) {
                VARIABLE.write_current(value);
            }
            fn write_pinned(pin: &CpuPin, value: $ty) {
                VARIABLE.write(pin, value);
            }
            fn with<R>(f: impl FnOnce(&mut $ty) -> R) -> R {
                VARIABLE.with_current(f)
            }
            fn with_irq_off<R: Send>(f: impl FnOnce(&mut $ty) -> R + Send) -> R {
                VARIABLE.with_current_irq_off(f)
            }
            fn swap(value: $ty) -> $ty {
                VARIABLE.swap_current(value)
            }
            fn compare_exchange(current: $ty, new: $ty) -> Result<$ty, $ty> {
                VARIABLE.compare_exchange_current(current, new)
            }
        }
    };
}

/// An attack on a value of its own.
macro_rules! value {
    ($attack:ident, $name:literal, $group:literal, $ty:ty $(, $option:ident)?) => {{
        variable!($ty $(, $option)?);
        Test::new::<$attack<Variable>>($name, $group)
    }};
}

/// An attack on an integer of its own.
macro_rules! integer {
    ($attack:ident, $name:literal, $group:literal $(, $option:ident)?) => {{
        variable!(usize $(, $option)?);

        impl Integer for Variable {
            fn add(operand: usize) {
                VARIABLE.add_current(operand);
            }
            fn sub(operand: usize) {
                VARIABLE.sub_current(operand);
            }
            fn or(operand: usize) {
                VARIABLE.or_current(operand);
            }
            fn fetch_add(operand: usize) -> usize {
                VARIABLE.fetch_add_current(operand)
            }
            fn fetch_and(operand: usize) -> usize {
                VARIABLE.fetch_and_current(operand)
            }
            fn fetch_xor(operand: usize) -> usize {
                VARIABLE.fetch_xor_current(operand)
            }
            fn fetch_or_unprotected(operand: usize) -> usize {
                VARIABLE.fetch_or_current_unprotected(operand)
            }
        }

        Test::new::<$attack<Variable>>($name, $group)
    }};
}

pub(super) const TESTS: &[Test] = &[
    value!(Looks, "looks_store_nothing", "ordinary", usize),
    value!(Looks, "looks_store_nothing", "hot", usize, hot),
    value!(Looks, "looks_store_nothing", "pointer", Pointer),
    value!(Changes, "changes_are_whole", "ordinary", usize),
    value!(Changes, "changes_are_whole", "hot", usize, hot),
    #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
    value!(Changes, "changes_are_whole", "wide", Wide),
    value!(Stores, "stores_are_whole", "ordinary", usize),
    value!(Stores, "stores_are_whole", "hot", usize, hot),
    #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
    value!(Stores, "stores_are_whole", "wide", Wide),
    integer!(Operations, "operations_lose_nothing", "ordinary"),
    integer!(Operations, "operations_lose_nothing", "hot", hot),
    integer!(Masked, "masked_changes_lose_nothing", "ordinary"),
    integer!(Masked, "masked_changes_lose_nothing", "hot", hot),
    integer!(StoringLooks, "looks_that_store_lose", "ordinary"),
    integer!(StoringLooks, "looks_that_store_lose", "hot", hot),
];

/// Whose equal bits need not be one value.
type Pointer = *const ();

/// What takes more than one register.
#[cfg(target_arch = "aarch64")]
type Wide = u128;
#[cfg(target_arch = "arm")]
type Wide = u64;

/// The accessors of a value, the same for variables of every group and type.
trait Value {
    type T: Numbered;

    fn read() -> Self::T;
    fn read_pinned(pin: &CpuPin) -> Self::T;
    fn write(value: Self::T);
    fn write_pinned(pin: &CpuPin, value: Self::T);
    fn with<R>(f: impl FnOnce(&mut Self::T) -> R) -> R;
    fn with_irq_off<R: Send>(f: impl FnOnce(&mut Self::T) -> R + Send) -> R;
    fn swap(value: Self::T) -> Self::T;
    fn compare_exchange(current: Self::T, new: Self::T) -> Result<Self::T, Self::T>;
}

/// Those of an integer.
trait Integer: Value<T = usize> {
    fn add(operand: usize);
    fn sub(operand: usize);
    fn or(operand: usize);
    fn fetch_add(operand: usize) -> usize;
    fn fetch_and(operand: usize) -> usize;
    fn fetch_xor(operand: usize) -> usize;
    fn fetch_or_unprotected(operand: usize) -> usize;
}

/// A value that shows whether it is whole.
trait Numbered: Scalar + Eq {
    /// Has no number.
    const NONE: Self;

    /// Has the number in one half of its bits and the complement in the other.
    fn of(number: usize) -> Self;
}

macro_rules! numbered {
    ($ty:ty) => {
        impl Numbered for $ty {
            const NONE: Self = 0;

            fn of(number: usize) -> Self {
                const HALF: u32 = <$ty>::BITS / 2;
                let low = number as $ty & (<$ty>::MAX >> HALF);
                low | !low << HALF
            }
        }
    };
}
numbered!(usize);
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
numbered!(Wide);

impl Numbered for Pointer {
    const NONE: Self = ptr::null();

    fn of(number: usize) -> Self {
        ptr::without_provenance(usize::of(number))
    }
}

/// Stores the next number by another accessor each time, where nothing interrupts.
fn count<V: Value>(notes: &Notes, pin: &CpuPin) {
    let number = notes.changes.get() + 1;
    let (old, new) = (V::read(), V::T::of(number));
    match number % 5 {
        0 => V::write(new),
        1 => V::write_pinned(pin, new),
        2 => V::with(|value| *value = new),
        3 => notes.check(V::swap(new) == old),
        _ => notes.check(V::compare_exchange(old, new) == Ok(old)),
    }
    notes.check(V::read_pinned(pin) == new);
    notes.changes.set(number);
}

/// Whether the last number that was stored is there.
fn is_there<V: Value>(notes: &Notes) -> bool {
    V::read() == V::T::of(notes.changes.get())
}

/// The loop looks while the handler counts.
struct Looks<V>(PhantomData<V>);

impl<V: Value> Attack for Looks<V> {
    fn reset() {
        V::write(V::T::of(0));
    }

    fn access(notes: &Notes, pin: &CpuPin) {
        let mut number = notes.changes.get();
        let looks = notes.access(|| {
            [
                V::with(|value| *value),
                V::with(|value| {
                    linger();
                    *value
                }),
                V::read_pinned(pin),
                // Not known to the compiler to be the same.
                V::with(|value| {
                    linger();
                    *value = black_box(*value);
                    *value
                }),
                V::read(),
            ]
        });
        let last = notes.changes.get();
        let mut expected = V::T::of(number);
        for found in looks {
            // The number only grows.
            while found != expected && number < last {
                number += 1;
                expected = V::T::of(number);
            }
            notes.check(found == expected);
        }
    }

    fn attack(notes: &Notes, pin: &CpuPin) {
        notes.check(is_there::<V>(notes));
        count::<V>(notes, pin);
    }

    fn inspect(notes: &Notes) {
        notes.check(is_there::<V>(notes));
    }
}

/// The control: a look that stores what it loaded.
struct StoringLooks<V>(PhantomData<V>);

impl<V: Integer> Attack for StoringLooks<V> {
    fn reset() {
        V::write(usize::of(0));
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| {
            V::fetch_or_unprotected(0);
            let found = V::read();
            linger();
            V::write(found);
        });
    }

    fn attack(notes: &Notes, pin: &CpuPin) {
        count::<V>(notes, pin);
    }

    fn inspect(notes: &Notes) {
        if !is_there::<V>(notes) {
            notes.found.count();
        }
    }

    fn is_enough(notes: &Notes) -> bool {
        notes.found.get() > 0
    }
}

/// The loop changes the value by each accessor in turn, while the handler looks: it finds the value before or the
/// value after, and never what `with_current` leaves in its local copy meanwhile.
struct Changes<V>(PhantomData<V>);

impl<V: Value> Attack for Changes<V> {
    const HITS: usize = 10;

    fn reset() {
        V::write(V::T::of(0));
    }

    fn access(notes: &Notes, pin: &CpuPin) {
        let number = notes.before.get() + 1;
        let (before, after) = (V::T::of(number - 1), V::T::of(number));
        notes.after.set(number);
        notes.access(|| match number % 6 {
            0 => V::with(|value| {
                notes.check(*value == before);
                *value = V::T::NONE;
                black_box(&mut *value);
                linger();
                *value = after;
            }),
            1 => V::with(|value| *value = after),
            2 => V::write(after),
            3 => V::write_pinned(pin, after),
            4 => notes.check(V::swap(after) == before),
            _ => notes.check(V::compare_exchange(before, after) == Ok(before)),
        });
        notes.before.set(number);
        notes.check(V::read() == after);
    }

    fn attack(notes: &Notes, pin: &CpuPin) {
        let found = V::read();
        notes.check(
            [notes.before.get(), notes.after.get()]
                .map(V::T::of)
                .contains(&found),
        );
        notes.check(V::with(|value| *value) == found);
        notes.check(V::read_pinned(pin) == found);
        // It stores, but nothing new.
        notes.check(V::compare_exchange(found, found) == Ok(found));
    }
}

/// Both sides store values of their own: each finds its own last one, or what the other one stored since.
struct Stores<V>(PhantomData<V>);

/// What the handler stores the `count`-th time; the loop's numbers are even.
fn by_handler<T: Numbered>(count: usize) -> T {
    T::of(2 * count + 1)
}

impl<V: Value> Attack for Stores<V> {
    const HITS: usize = 10;

    fn reset() {
        V::write(V::T::of(0));
    }

    fn access(notes: &Notes, pin: &CpuPin) {
        let number = notes.before.get() + 2;
        let own = V::T::of(number);
        notes.after.set(number);
        let count = notes.changes.get();
        let found = notes.access(|| {
            match number / 2 % 5 {
                0 => V::write(own),
                1 => V::write_pinned(pin, own),
                2 => {
                    V::swap(own);
                }
                3 => V::with(|value| {
                    linger();
                    *value = own;
                }),
                _ => {
                    let mut old = V::read();
                    while let Err(found) = V::compare_exchange(old, own) {
                        old = found;
                    }
                }
            }
            V::read_pinned(pin)
        });
        let mut since = count + 1..=notes.changes.get();
        notes.check(found == own || since.any(|count| found == by_handler(count)));
        notes.before.set(number);
    }

    fn attack(notes: &Notes, pin: &CpuPin) {
        let found = V::read_pinned(pin);
        let count = notes.changes.get();
        let by_loop = [notes.before.get(), notes.after.get()].map(V::T::of);
        notes.check(found == by_handler(count) || by_loop.contains(&found));
        let count = count + 1;
        let own = by_handler(count);
        match count % 5 {
            0 => V::write(own),
            1 => V::write_pinned(pin, own),
            2 => notes.check(V::swap(own) == found),
            3 => V::with(|value| *value = own),
            _ => notes.check(V::compare_exchange(found, own) == Ok(found)),
        }
        notes.changes.set(count);
        notes.check(V::read() == own);
    }
}

/// The loop changes the low bits by each operation, and takes what the handler counts above them.
struct Operations<V>(PhantomData<V>);

const ONE: usize = 1 << 4;

impl<V: Integer> Attack for Operations<V> {
    const HITS: usize = 16;

    fn reset() {
        V::write(0);
    }

    fn access(notes: &Notes, _: &CpuPin) {
        for (lows, taken) in notes.access(|| [(); 3].map(|()| operate::<V>(notes))) {
            notes.check(lows.map(|found| found % ONE) == [0b0111, 0b1110, 0b1100, 0b1101]);
            notes.check(lows.is_sorted_by_key(|found| found / ONE));
            notes.check(taken % ONE == 0);
            notes.after.set(notes.after.get() + taken / ONE);
        }
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        let old = V::read();
        match notes.changes.get() % 6 {
            0 => V::add(ONE),
            1 => V::write(old + ONE),
            2 => V::with(|value| *value += ONE),
            3 => notes.check(V::swap(old + ONE) == old),
            4 => notes.check(V::compare_exchange(old, old + ONE) == Ok(old)),
            _ => V::sub(ONE.wrapping_neg()),
        }
        notes.changes.count();
    }

    fn inspect(notes: &Notes) {
        notes.check(notes.after.get() + V::read() / ONE == notes.changes.get());
    }
}

/// Both sides count, the loop with interrupts masked: none comes between its load and its store.
struct Masked<V>(PhantomData<V>);

impl<V: Integer> Attack for Masked<V> {
    const HITS: usize = 16;

    fn reset() {
        V::write(0);
    }

    fn access(notes: &Notes, _: &CpuPin) {
        notes.access(|| {
            for _ in 0..4 {
                V::with_irq_off(|value| {
                    let by_handler = notes.changes.get();
                    *value += 1;
                    linger();
                    notes.check(notes.changes.get() == by_handler);
                });
                notes.after.count();
            }
        });
    }

    fn attack(notes: &Notes, _: &CpuPin) {
        match notes.changes.get() % 3 {
            0 => V::add(1),
            1 => V::with(|value| *value += 1),
            _ => V::with_irq_off(|value| *value += 1),
        }
        notes.changes.count();
    }

    fn inspect(notes: &Notes) {
        notes.check(V::read() == notes.after.get() + notes.changes.get());
    }
}

/// Sets and clears low bits by each operation, and gives some values on the way and what the handler has counted.
fn operate<V: Integer>(notes: &Notes) -> ([usize; 4], usize) {
    V::or(0b0001);
    V::add(0b0110);
    let lows = [
        V::fetch_xor(0b1001),
        V::fetch_and(!0b0010),
        V::fetch_add(1),
        exchange::<V>(notes),
    ];
    V::sub(0b0011);
    (lows, V::swap(0))
}

/// Makes 0b0011 of the low bits, whatever the handler does, and gives the value before.
fn exchange<V: Integer>(notes: &Notes) -> usize {
    let mut old = V::read();
    loop {
        match V::compare_exchange(old, old & !(ONE - 1) | 0b0011) {
            Ok(old) => return old,
            Err(found) => {
                // The handler has counted.
                notes.check(found > old && (found - old) % ONE == 0);
                old = found;
            }
        }
    }
}
