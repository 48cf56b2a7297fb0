//! Exclusive variables: `&mut T` to this CPU's copy, one borrow at a time.

use core::fmt;
use core::sync::atomic::{Ordering, compiler_fence};

use super::accessor::{enter, pointer_as};
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
    /// Returns `None` if the flag is set.
    ///
    /// # Safety
    ///
    /// `register` is the value of this CPU's per-CPU register, and the context stays on this CPU. The flag is
    /// an exclusive variable's.
    #[inline]
    unsafe fn new(register: usize, flag: usize) -> Option<Self> {
        let turn = arch::Turn::new(register);
        let flag = register.wrapping_add(flag);
        // SAFETY: rule 3. A load and a store are enough: a handler in between leaves the flag as it was.
        unsafe {
            if load_at::<bool>(flag) {
                return None;
            }
            store_at(flag, true);
        }
        // A handler that may find the value changed in part finds the flag set.
        compiler_fence(Ordering::SeqCst);
        Some(Self { flag, _turn: turn })
    }

    /// Borrows a copy of type `T` on this CPU by its displacement. A debug build compiles it for each type, not for each
    /// variable.
    ///
    /// # Safety
    ///
    /// As [`new`](Self::new).
    #[inline]
    #[track_caller]
    unsafe fn displaced<T>(displacement: usize, flag: Flag) -> Result<(Self, *mut T), Borrowed> {
        let register = arch::register_for_access();
        // SAFETY: as this function.
        unsafe { Self::lend(register, register.wrapping_add(displacement), flag) }
    }

    /// Borrows the copy of type `T` at `address`.
    ///
    /// # Safety
    ///
    /// As [`new`](Self::new).
    #[inline]
    #[track_caller]
    unsafe fn lend<T>(
        register: usize,
        address: usize,
        (flag, name): Flag,
    ) -> Result<(Self, *mut T), Borrowed> {
        // SAFETY: as this function.
        match unsafe { Self::new(register, flag) } {
            Some(borrow) => Ok((borrow, pointer_as::<Exclusive, T>(address).cast_mut())),
            None => Err(Borrowed { name }),
        }
    }
}

impl Drop for Borrow {
    #[inline]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: rule 3, the caller of `new` provided the flag.
        unsafe { store_at(self.flag, false) };
    }
}

/// Returns what is lent, or panics with the name of the variable.
#[inline]
#[track_caller]
fn expect<T>(lent: Result<(Borrow, *mut T), Borrowed>) -> (Borrow, *mut T) {
    match lent {
        Ok(lent) => lent,
        Err(Borrowed { name }) => refuse(name),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn refuse(name: &'static str) -> ! {
    panic!("{}", Borrowed { name })
}

impl Exclusive {
    /// Borrows this CPU's copy, unless it is already borrowed. Returns the borrow and the copy.
    ///
    /// # Safety
    ///
    /// As [`Borrows::with_current`].
    #[inline(always)]
    #[track_caller]
    unsafe fn borrow<P: Place<T>, T>(place: &P) -> Result<(Borrow, *mut T), Borrowed> {
        // SAFETY: rules 2 and 13 are the caller's.
        unsafe {
            if P::OFFSET_IS_IMMEDIATE {
                let register = arch::register_for_access();
                Borrow::lend(register, place.at(register), place.flag())
            } else {
                Borrow::displaced(place.displacement(), place.flag())
            }
        }
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
        let (_borrow, copy) = expect(unsafe { Self::borrow(place) });
        // SAFETY: rule 3; rule 5, the flag excludes every other borrow, and safe code reaches a variable of
        // this kind in no other way.
        f(unsafe { &mut *copy })
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
        let (_borrow, copy) = unsafe { Exclusive::borrow(&self.place)? };
        // SAFETY: rules 3 and 5, as `with_current`.
        Ok(f(unsafe { &mut *copy }))
    }
}
