//! The this-CPU operations: a scalar of this CPU read and changed in one go.
//!
//! Atomic against what else runs on this CPU, interrupts and exceptions included, and ordered with
//! nothing. Other CPUs see each value whole, at some time.

use super::kind::{BitValues, IntegerValues, Values};
use super::per_cpu::PerCpu;
use super::symbol::{Kind, Symbol};
use super::value::{As, from, to};
use crate::arch::{combine, one, op, publish};
use crate::cpu::{NoPreemptGuard, assert_register};

/// Keeps the context on its CPU between reading the register and the operation, where these are
/// two instructions and the kernel is preemptible.
#[inline(always)]
#[track_caller]
pub(crate) fn stay<S: Symbol<T>, T>() -> Option<NoPreemptGuard> {
    if S::IN_ONE_INSTRUCTION {
        if <S::Kind as Kind>::CHECKED {
            assert_register();
        }
        PerCpu::<S, T>::assert_reach();
        None
    } else {
        Some(PerCpu::<S, T>::enter())
    }
}

/// Methods for an operation: protected, with the old value, and both unprotected.
macro_rules! operations {
    ($bound:ident: $(
        $update:ident, $fetch:ident, $update_unprotected:ident, $fetch_unprotected:ident,
        $op:ident, $linux:literal, $effect:literal;
    )*) => {
        impl<S: Symbol<T>, T> PerCpu<S, T> {
            $(
                #[doc = concat!($effect, ", atomically against interrupts on this CPU. Linux: `this_cpu_", $linux, "`.")]
                #[inline]
                #[track_caller]
                pub fn $update(&self, operand: T)
                where
                    S::Kind: $bound<T>,
                {
                    let _guard = stay::<S, T>();
                    // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the
                    // type of `S`.
                    unsafe { S::update::<As<S, T>, { op::$op }>(to::<S, T>(operand)) }
                }

                #[doc = concat!("As [`", stringify!($update), "`](Self::", stringify!($update), "), and gives the value before.")]
                #[inline]
                #[track_caller]
                pub fn $fetch(&self, operand: T) -> T
                where
                    S::Kind: $bound<T>,
                {
                    let _guard = stay::<S, T>();
                    // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the
                    // type of `S`.
                    from::<S, T>(unsafe { S::fetch::<As<S, T>, { op::$op }>(to::<S, T>(operand)) })
                }

                #[doc = concat!($effect, ", by a load and a store: what an interrupt on this CPU writes in between is")]
                #[doc = concat!("lost. For code that runs with interrupts masked. Linux: `__this_cpu_", $linux, "`.")]
                #[inline]
                #[track_caller]
                pub fn $update_unprotected(&self, operand: T)
                where
                    S::Kind: $bound<T>,
                {
                    if S::IN_ONE_INSTRUCTION {
                        self.$update(operand);
                    } else {
                        self.$fetch_unprotected(operand);
                    }
                }

                #[doc = concat!("As [`", stringify!($update_unprotected), "`](Self::", stringify!($update_unprotected), "), and gives the value before.")]
                #[inline]
                #[track_caller]
                pub fn $fetch_unprotected(&self, operand: T) -> T
                where
                    S::Kind: $bound<T>,
                {
                    let operand = to::<S, T>(operand);
                    // SAFETY: rule 14, `add` and `sub` are of integers.
                    self.change_unprotected(|old| unsafe { combine::<As<S, T>, { op::$op }>(old, operand) })
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
        AND, "and", "Makes this CPU's value its conjunction with the operand";
    or_current, fetch_or_current, or_current_unprotected, fetch_or_current_unprotected,
        OR, "or", "Makes this CPU's value its disjunction with the operand";
    xor_current, fetch_xor_current, xor_current_unprotected, fetch_xor_current_unprotected,
        XOR, "xor", "Makes this CPU's value its exclusive disjunction with the operand";
}

impl<S: Symbol<T>, T> PerCpu<S, T> {
    /// Adds 1 to this CPU's value, wrapping around, atomically against interrupts on this CPU.
    /// Linux: `this_cpu_inc`.
    #[inline]
    #[track_caller]
    pub fn inc_current(&self)
    where
        S::Kind: IntegerValues<T>,
    {
        let _guard = stay::<S, T>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of `S`.
        unsafe { S::step::<As<S, T>, { op::ADD }>() }
    }

    /// Subtracts 1 from this CPU's value, wrapping around, atomically against interrupts on this
    /// CPU. Linux: `this_cpu_dec`.
    #[inline]
    #[track_caller]
    pub fn dec_current(&self)
    where
        S::Kind: IntegerValues<T>,
    {
        let _guard = stay::<S, T>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of `S`.
        unsafe { S::step::<As<S, T>, { op::SUB }>() }
    }

    /// Adds 1 by a load and a store, as [`add_current_unprotected`](Self::add_current_unprotected)
    /// does. Linux: `__this_cpu_inc`.
    #[inline]
    #[track_caller]
    pub fn inc_current_unprotected(&self)
    where
        S::Kind: IntegerValues<T>,
    {
        if S::IN_ONE_INSTRUCTION {
            self.inc_current();
        } else {
            self.add_current_unprotected(from::<S, T>(one()));
        }
    }

    /// Subtracts 1 by a load and a store, as
    /// [`sub_current_unprotected`](Self::sub_current_unprotected) does. Linux: `__this_cpu_dec`.
    #[inline]
    #[track_caller]
    pub fn dec_current_unprotected(&self)
    where
        S::Kind: IntegerValues<T>,
    {
        if S::IN_ONE_INSTRUCTION {
            self.dec_current();
        } else {
            self.sub_current_unprotected(from::<S, T>(one()));
        }
    }
}

impl<S: Symbol<T>, T> PerCpu<S, T> {
    /// Replaces this CPU's value, atomically against interrupts on this CPU, and gives the one
    /// before. Linux: `this_cpu_xchg`.
    #[inline]
    #[track_caller]
    pub fn swap_current(&self, value: T) -> T
    where
        S::Kind: Values<T>,
    {
        let _guard = stay::<S, T>();
        publish::<As<S, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of `S`.
        from::<S, T>(unsafe { S::swap(to::<S, T>(value)) })
    }

    /// Replaces this CPU's value if it has the bits of `current`, atomically against interrupts on
    /// this CPU. Linux: `this_cpu_cmpxchg`.
    ///
    /// # Errors
    ///
    /// The value that is there, if it is another one. (Bits are compared: a floating-point 0 is not
    /// -0.)
    #[inline]
    #[track_caller]
    pub fn compare_exchange_current(&self, current: T, new: T) -> Result<T, T>
    where
        S::Kind: Values<T>,
    {
        let _guard = stay::<S, T>();
        publish::<As<S, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of `S`.
        let result = unsafe { S::compare_exchange(to::<S, T>(current), to::<S, T>(new)) };
        result.map(from::<S, T>).map_err(from::<S, T>)
    }

    /// Replaces this CPU's value by a load and a store, and gives the one before: what an interrupt
    /// on this CPU writes in between is lost. For code that runs with interrupts masked. Linux:
    /// `__this_cpu_xchg`.
    #[inline]
    #[track_caller]
    pub fn swap_current_unprotected(&self, value: T) -> T
    where
        S::Kind: Values<T>,
    {
        let value = to::<S, T>(value);
        self.change_unprotected(|_| value)
    }

    #[inline(always)]
    fn change_unprotected(&self, change: impl FnOnce(As<S, T>) -> As<S, T>) -> T
    where
        S::Kind: Values<T>,
    {
        let _guard = Self::enter();
        publish::<As<S, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of `S`.
        from::<S, T>(unsafe { S::replace_unprotected(change) })
    }
}
