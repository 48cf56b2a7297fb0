//! Exclusive variables: a `&mut T` of this CPU, by one borrow at a time.

use core::fmt;
use core::sync::atomic::{Ordering, compiler_fence};

use super::kind::{Borrows, Exclusive, TryBorrows};
use super::per_cpu::PerCpu;
use super::symbol::{Flag, Symbol};
use crate::arch::{self, load_at, store_at};

/// This CPU's copy is borrowed already: what [`try_with_current`](PerCpu::try_with_current) found.
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

/// Marks a copy as borrowed, and keeps the flag's address: the mark goes from the CPU on which it was made.
struct Borrow {
    flag: usize,
    /// In a process the other threads that run as this CPU wait; it ends after the mark.
    _turn: arch::Turn,
}

impl Borrow {
    /// # Safety
    ///
    /// `register` is that of this CPU, on which the context stays; the flag is an exclusive variable's.
    #[inline(always)]
    unsafe fn new(register: usize, (flag, name): Flag) -> Result<Self, Borrowed> {
        let turn = arch::Turn::new(register);
        let flag = register.wrapping_add(flag);
        // SAFETY: rule 3. No read-modify-write: a handler in between leaves the flag as it was.
        unsafe {
            if load_at::<bool>(flag) {
                return Err(Borrowed { name });
            }
            store_at(flag, true);
        }
        // A handler finds the mark wherever it may find the value changed in part.
        compiler_fence(Ordering::SeqCst);
        Ok(Self { flag, _turn: turn })
    }
}

impl Drop for Borrow {
    #[inline(always)]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: rule 3, `new` was given the flag.
        unsafe { store_at(self.flag, false) };
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(borrowed: Borrowed) -> ! {
    panic!("{borrowed}")
}

impl Exclusive {
    /// Calls `f` with this CPU's copy, unless it is borrowed.
    ///
    /// # Safety
    ///
    /// As [`Borrows::with_current`].
    #[inline(always)]
    #[track_caller]
    unsafe fn borrow<S: Symbol<T>, T, R>(f: impl FnOnce(&mut T) -> R) -> Result<R, Borrowed> {
        // First what does not change: the optimizer takes it out of a loop.
        let flag = S::flag();
        let displacement = (!S::OFFSET_IS_IMMEDIATE).then(S::displacement);
        let register = arch::register_for_access();
        // SAFETY: rules 2 and 13 are the caller's.
        let _borrow = unsafe { Borrow::new(register, flag)? };
        let address = match displacement {
            Some(displacement) => register.wrapping_add(displacement),
            None => S::at(register),
        };
        // SAFETY: rule 3; rule 5, the mark keeps every other borrow away, and there is no other safe way to a
        // variable of this kind.
        Ok(f(unsafe {
            &mut *PerCpu::<S, T>::pointer(address).cast_mut()
        }))
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: rule 5, the flag tells borrows apart, and nothing else is safe.
unsafe impl<T: Send> Borrows<T> for Exclusive {
    #[inline(always)]
    #[track_caller]
    unsafe fn with_current<S: Symbol<T, Kind = Self>, R>(f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: rules 2 and 13 are the caller's; rule 7, `T: Send`.
        match unsafe { Self::borrow::<S, T, R>(f) } {
            Ok(result) => result,
            Err(borrowed) => refuse(borrowed),
        }
    }

    #[inline(always)]
    #[track_caller]
    unsafe fn reset<S: Symbol<T, Kind = Self>>() {
        // SAFETY: rules 2 and 13 are the caller's.
        unsafe { Self::with_current::<S, ()>(|value| *value = S::initial()) };
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: rules 5 and 7, as `Borrows`.
unsafe impl<T: Send> TryBorrows<T> for Exclusive {}

impl<S: Symbol<T>, T> PerCpu<S, T> {
    /// As [`with_current`](Self::with_current) of an [`Exclusive`] variable, for a handler that must not panic.
    ///
    /// # Errors
    ///
    /// [`Borrowed`] if the variable is borrowed on this CPU; `f` is not called then.
    #[inline]
    #[track_caller]
    pub fn try_with_current<F, R>(&self, f: F) -> Result<R, Borrowed>
    where
        F: FnOnce(&mut T) -> R,
        S::Kind: TryBorrows<T>,
    {
        let _guard = Self::enter();
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU; rule 7, only an `Exclusive` variable
        // of a type that is `Send` has the method.
        unsafe { Exclusive::borrow::<S, T, R>(f) }
    }
}
