//! The this-CPU operations: read-modify-write operations on this CPU's copy of a scalar.
//!
//! They are atomic against everything else that runs on this CPU, including interrupts and exceptions, and
//! order no other access. Other CPUs see each value whole, at some time.

use super::accessor::{enter, stay};
use super::kind::{BitValues, IntegerValues, Values};
use super::per_cpu::PerCpu;
use super::place::Place;
use super::value::{As, from_scalar, to_scalar};
use crate::arch::{combine, one, op, publish};

/// Defines the methods of an operation: protected, protected with the previous value, and both unprotected.
macro_rules! operations {
    ($bound:ident: $(
        $update:ident, $fetch:ident, $update_unprotected:ident, $fetch_unprotected:ident,
        $op:ident, $linux:literal, $effect:literal;
    )*) => {
        impl<P: Place<T>, T> PerCpu<P, T> {
            $(
                #[doc = concat!($effect, ", atomically against interrupts on this CPU. Linux: `this_cpu_", $linux, "`.")]
                #[inline]
                #[track_caller]
                pub fn $update(&self, operand: T)
                where
                    P::Kind: $bound<T>,
                {
                    let _guard = stay(&self.place);
                    // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the
                    // type of the place.
                    unsafe { self.place.update::<As<P, T>, { op::$op }>(to_scalar::<P, T>(operand)) }
                }

                #[doc = concat!("As [`", stringify!($update), "`](Self::", stringify!($update), "), and returns the previous value.")]
                #[inline]
                #[track_caller]
                pub fn $fetch(&self, operand: T) -> T
                where
                    P::Kind: $bound<T>,
                {
                    let _guard = stay(&self.place);
                    // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the
                    // type of the place.
                    from_scalar::<P, T>(unsafe { self.place.fetch::<As<P, T>, { op::$op }>(to_scalar::<P, T>(operand)) })
                }

                #[doc = concat!($effect, ", by a load and a store: a value that an interrupt on this CPU")]
                #[doc = concat!("stores in between is lost. For code that runs with interrupts masked. Linux: `__this_cpu_", $linux, "`.")]
                #[inline]
                #[track_caller]
                pub fn $update_unprotected(&self, operand: T)
                where
                    P::Kind: $bound<T>,
                {
                    // Without these atomics, a branch that is never taken would not compile for 64 bits.
                    #[cfg(target_has_atomic = "64")]
                    if P::IN_ONE_INSTRUCTION {
                        self.$update(operand);
                        return;
                    }
                    self.$fetch_unprotected(operand);
                }

                #[doc = concat!("As [`", stringify!($update_unprotected), "`](Self::", stringify!($update_unprotected), "), and returns the previous value.")]
                #[inline]
                #[track_caller]
                pub fn $fetch_unprotected(&self, operand: T) -> T
                where
                    P::Kind: $bound<T>,
                {
                    let operand = to_scalar::<P, T>(operand);
                    // SAFETY: rule 14, `add` and `sub` exist for integers only.
                    self.change_unprotected(|old| unsafe { combine::<As<P, T>, { op::$op }>(old, operand) })
                }
            )*
        }
    };
}

operations! {
    IntegerValues:
    add_current, fetch_add_current, add_current_unprotected, fetch_add_current_unprotected,
        ADD, "add", "Adds to this CPU's value, wrapping around";
    sub_current, fetch_sub_current, sub_current_unprotected, fetch_sub_current_unprotected,
        SUB, "sub", "Subtracts from this CPU's value, wrapping around";
}

operations! {
    BitValues:
    and_current, fetch_and_current, and_current_unprotected, fetch_and_current_unprotected,
        AND, "and", "Replaces this CPU's value by its bitwise AND with the operand";
    or_current, fetch_or_current, or_current_unprotected, fetch_or_current_unprotected,
        OR, "or", "Replaces this CPU's value by its bitwise OR with the operand";
    xor_current, fetch_xor_current, xor_current_unprotected, fetch_xor_current_unprotected,
        XOR, "xor", "Replaces this CPU's value by its bitwise XOR with the operand";
}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Adds 1 to this CPU's value, wrapping around, atomically against interrupts on this CPU.
    /// Linux: `this_cpu_inc`.
    #[inline]
    #[track_caller]
    pub fn inc_current(&self)
    where
        P::Kind: IntegerValues<T>,
    {
        let _guard = stay(&self.place);
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        unsafe { self.place.step::<As<P, T>, { op::ADD }>() }
    }

    /// Subtracts 1 from this CPU's value, wrapping around, atomically against interrupts on this
    /// CPU. Linux: `this_cpu_dec`.
    #[inline]
    #[track_caller]
    pub fn dec_current(&self)
    where
        P::Kind: IntegerValues<T>,
    {
        let _guard = stay(&self.place);
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        unsafe { self.place.step::<As<P, T>, { op::SUB }>() }
    }

    /// Adds 1 by a load and a store, as [`add_current_unprotected`](Self::add_current_unprotected)
    /// does. Linux: `__this_cpu_inc`.
    #[inline]
    #[track_caller]
    pub fn inc_current_unprotected(&self)
    where
        P::Kind: IntegerValues<T>,
    {
        // As above.
        #[cfg(target_has_atomic = "64")]
        if P::IN_ONE_INSTRUCTION {
            self.inc_current();
            return;
        }
        self.add_current_unprotected(from_scalar::<P, T>(one()));
    }

    /// Subtracts 1 by a load and a store, as
    /// [`sub_current_unprotected`](Self::sub_current_unprotected) does. Linux: `__this_cpu_dec`.
    #[inline]
    #[track_caller]
    pub fn dec_current_unprotected(&self)
    where
        P::Kind: IntegerValues<T>,
    {
        // As above.
        #[cfg(target_has_atomic = "64")]
        if P::IN_ONE_INSTRUCTION {
            self.dec_current();
            return;
        }
        self.sub_current_unprotected(from_scalar::<P, T>(one()));
    }
}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Replaces this CPU's value and returns the previous one, atomically against interrupts on this CPU.
    /// Linux: `this_cpu_xchg`.
    #[inline]
    #[track_caller]
    pub fn swap_current(&self, value: T) -> T
    where
        P::Kind: Values<T>,
    {
        let _guard = stay(&self.place);
        publish::<As<P, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        from_scalar::<P, T>(unsafe { self.place.swap(to_scalar::<P, T>(value)) })
    }

    /// Replaces this CPU's value if its bits equal those of `current`, and returns the previous value,
    /// atomically against interrupts on this CPU. Linux: `this_cpu_cmpxchg`.
    ///
    /// # Errors
    ///
    /// The actual value, if its bits differ from those of `current`. (A floating-point 0.0 differs from
    /// -0.0.)
    #[inline]
    #[track_caller]
    pub fn compare_exchange_current(&self, current: T, new: T) -> Result<T, T>
    where
        P::Kind: Values<T>,
    {
        let _guard = stay(&self.place);
        publish::<As<P, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        let result = unsafe {
            self.place
                .compare_exchange(to_scalar::<P, T>(current), to_scalar::<P, T>(new))
        };
        result.map(from_scalar::<P, T>).map_err(from_scalar::<P, T>)
    }

    /// Replaces this CPU's value by a load and a store, and returns the previous one. A value that an
    /// interrupt on this CPU stores in between is lost. For code that runs with interrupts masked. Linux:
    /// `__this_cpu_xchg`.
    #[inline]
    #[track_caller]
    pub fn swap_current_unprotected(&self, value: T) -> T
    where
        P::Kind: Values<T>,
    {
        let value = to_scalar::<P, T>(value);
        self.change_unprotected(|_| value)
    }

    #[inline(always)]
    fn change_unprotected(&self, change: impl FnOnce(As<P, T>) -> As<P, T>) -> T
    where
        P::Kind: Values<T>,
    {
        let _guard = enter(&self.place);
        publish::<As<P, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        from_scalar::<P, T>(unsafe { self.place.replace_unprotected(change) })
    }
}
