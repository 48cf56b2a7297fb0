//! Exclusive variables: `&mut T` to this CPU's copy, one borrow at a time.

use core::fmt;
use core::sync::atomic::{Ordering, compiler_fence};

use super::accessor::{enter, pointer};
use super::kind::{Borrows, Exclusive, TryBorrows};
use super::per_cpu::PerCpu;
use super::place::{Flag, Place};
use super::symbol::{Symbol, this_cpu};
use crate::arch::{self, load_at, store_at};

/// The error of [`try_with_current`](PerCpu::try_with_current): this CPU's copy is already borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrowed {
    name: &'static str,
}

impl fmt::Display for Borrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the per-CPU variable `{}` is borrowed on this CPU already, by an outer `with_current` or by the \
             context that a handler interrupted; keep borrows apart, or put an atomic, a `Cell` or a `RefCell` \
             in the variable",
            self.name
        )
    }
}

impl core::error::Error for Borrowed {}

/// A borrow, which sets a variable's flag. It keeps the flag's address, so that the drop clears the flag on
/// the CPU where it was set.
struct Borrow {
    flag: usize,
    /// In a process, the other threads that run as this CPU wait until the flag is cleared.
    _turn: arch::Turn,
}

impl Borrow {
    /// # Safety
    ///
    /// `register` is the value of this CPU's per-CPU register, and the context stays on this CPU. The flag is
    /// an exclusive variable's.
    #[inline(always)]
    unsafe fn new(register: usize, (flag, name): Flag) -> Result<Self, Borrowed> {
        let turn = arch::Turn::new(register);
        let flag = register.wrapping_add(flag);
        // SAFETY: rule 3. A load and a store are enough: a handler in between leaves the flag as it was.
        unsafe {
            if load_at::<bool>(flag) {
                return Err(Borrowed { name });
            }
            store_at(flag, true);
        }
        // A handler that may find the value changed in part finds the flag set.
        compiler_fence(Ordering::SeqCst);
        Ok(Self { flag, _turn: turn })
    }
}

impl Drop for Borrow {
    #[inline(always)]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: rule 3, the caller of `new` provided the flag.
        unsafe { store_at(self.flag, false) };
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn refuse(borrowed: Borrowed) -> ! {
    panic!("{borrowed}")
}

impl Exclusive {
    /// Calls `f` with this CPU's copy, unless it is already borrowed.
    ///
    /// # Safety
    ///
    /// As [`Borrows::with_current`].
    #[inline(always)]
    #[track_caller]
    unsafe fn borrow<P: Place<T>, T, R>(
        place: &P,
        f: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Borrowed> {
        // Compute the constants first, so that the optimizer moves them out of a loop.
        let flag = place.flag();
        let displacement = (!P::OFFSET_IS_IMMEDIATE).then(|| place.displacement());
        let register = arch::register_for_access();
        // SAFETY: rules 2 and 13 are the caller's.
        let _borrow = unsafe { Borrow::new(register, flag)? };
        let address = match displacement {
            Some(displacement) => register.wrapping_add(displacement),
            None => place.at(register),
        };
        // SAFETY: rule 3; rule 5, the flag excludes every other borrow, and safe code reaches a variable of
        // this kind in no other way.
        Ok(f(unsafe { &mut *pointer(place, address).cast_mut() }))
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: rule 5, the flag excludes a second borrow, and safe code has no other access.
unsafe impl<T: Send> Borrows<T> for Exclusive {
    #[inline(always)]
    #[track_caller]
    unsafe fn with_current<P: Place<T, Kind = Self>, R>(
        place: &P,
        f: impl FnOnce(&mut T) -> R,
    ) -> R {
        // SAFETY: rules 2 and 13 are the caller's; rule 7, `T: Send`.
        match unsafe { Self::borrow(place, f) } {
            Ok(result) => result,
            Err(borrowed) => refuse(borrowed),
        }
    }

    #[inline(always)]
    #[track_caller]
    unsafe fn reset<P: Symbol<T, Kind = Self>>(place: &P) {
        // SAFETY: rules 2 and 13 are the caller's.
        unsafe { Self::with_current(place, |value| *value = place.initial(|| this_cpu())) };
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: rules 5 and 7, as `Borrows`.
unsafe impl<T: Send> TryBorrows<T> for Exclusive {}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Calls `f` as [`with_current`](Self::with_current) does for an [`Exclusive`] variable, but returns an
    /// error instead of panicking: for handlers.
    ///
    /// # Errors
    ///
    /// [`Borrowed`] if the variable is already borrowed on this CPU. `f` is not called then.
    #[inline]
    #[track_caller]
    pub fn try_with_current<F, R>(&self, f: F) -> Result<R, Borrowed>
    where
        F: FnOnce(&mut T) -> R,
        P::Kind: TryBorrows<T>,
    {
        let _guard = enter(&self.place);
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU; rule 7, the method exists only for
        // an `Exclusive` variable of a type that is `Send`.
        unsafe { Exclusive::borrow(&self.place, f) }
    }
}
