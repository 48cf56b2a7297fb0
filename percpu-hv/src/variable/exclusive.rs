//! Exclusive variables: `&mut T` to this CPU's copy, one borrow at a time.

use core::fmt;
use core::sync::atomic::{Ordering, compiler_fence};

use super::accessor::{enter, pointer};
use super::kind::{Borrows, Exclusive, TryBorrows};
use super::per_cpu::PerCpu;
use super::place::Place;
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

    /// As [`new`](Self::new) on this CPU, and returns the address of the copy with a displacement. A debug build compiles
    /// it once, not for each variable.
    ///
    /// # Safety
    ///
    /// As [`new`](Self::new).
    #[inline]
    unsafe fn displaced(displacement: usize, flag: usize) -> (Option<Self>, usize) {
        let register = arch::register_for_access();
        // SAFETY: as this function.
        let borrow = unsafe { Self::new(register, flag) };
        (borrow, register.wrapping_add(displacement))
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

/// Returns the borrow, or panics with the name of the variable.
#[inline]
#[track_caller]
fn expect(borrow: Option<Borrow>, name: &'static str) -> Borrow {
    let Some(borrow) = borrow else {
        refuse(name);
    };
    borrow
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn refuse(name: &'static str) -> ! {
    panic!("{}", Borrowed { name })
}

impl Exclusive {
    /// Borrows this CPU's copy, unless it is already borrowed. Returns the borrow and the copy's address.
    ///
    /// # Safety
    ///
    /// As [`Borrows::with_current`], and `flag` is the displacement of the place's flag.
    #[inline(always)]
    unsafe fn borrow<P: Place<T>, T>(place: &P, flag: usize) -> (Option<Borrow>, usize) {
        // SAFETY: rules 2 and 13 are the caller's.
        unsafe {
            if P::OFFSET_IS_IMMEDIATE {
                let register = arch::register_for_access();
                (Borrow::new(register, flag), place.at(register))
            } else {
                Borrow::displaced(place.displacement(), flag)
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
        let (flag, name) = place.flag();
        // SAFETY: rules 2 and 13 are the caller's; rule 7, `T: Send`.
        let (borrow, address) = unsafe { Self::borrow(place, flag) };
        let _borrow = expect(borrow, name);
        // SAFETY: rule 3; rule 5, the flag excludes every other borrow, and safe code reaches a variable of
        // this kind in no other way.
        f(unsafe { &mut *pointer(place, address).cast_mut() })
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
        let (flag, name) = self.place.flag();
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU; rule 7, the method exists only for
        // an `Exclusive` variable of a type that is `Send`.
        let (borrow, address) = unsafe { Exclusive::borrow(&self.place, flag) };
        let Some(_borrow) = borrow else {
            return Err(Borrowed { name });
        };
        // SAFETY: rules 3 and 5, as `with_current`.
        Ok(f(unsafe { &mut *pointer(&self.place, address).cast_mut() }))
    }
}
