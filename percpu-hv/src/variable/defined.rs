//! What `#[def_percpu]` says of a variable, and what follows from it.

use core::any::type_name;
use core::ptr::NonNull;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::part::Fixed;
#[cfg(target_has_atomic = "64")]
use super::place::Found;
use super::place::{Flag, Kind, Path, Place};
use super::symbol::Symbol;
use crate::arch::Access;

/// What the expansion of `#[def_percpu]` says of a variable, beside its type. All else follows from that once for all
/// variables, so that one costs the compiler little.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: the implementor has size 0, and [`beside`](Defined::beside) returns what is asked for. Only
/// the expansion of `def_percpu` implements this trait.
// Without the type as a parameter, so that the impl of `Place` below overlaps no other.
#[doc(hidden)]
pub unsafe trait Defined: Access + Sized {
    /// As [`Place::Kind`].
    type Kind: Kind;

    /// Returns a pointer or a number of the variable, by one of [`beside`]. `distance` is that of a counter.
    fn beside<const WHAT: u8>(&self, distance: usize) -> *const ();
}

/// The type of a variable. It is a parameter, because an associated type must not be private where the marker is public.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: the place is one static of type `T`. Only the expansion of `def_percpu` implements this
/// trait.
#[doc(hidden)]
pub unsafe trait Typed<T>: Defined {
    /// As [`Symbol::initial`].
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(always)]
    unsafe fn initial(&self, _cpu: impl FnOnce() -> usize) -> T {
        let initial = self.beside::<{ beside::INITIAL }>(0);
        // SAFETY: rule 3, each copy is what a CPU's area starts with; nothing writes or drops the original.
        unsafe { initial.cast::<T>().read() }
    }
}

/// What a variable has beside its copies. One function returns all, since each function costs the compiler time.
pub mod beside {
    /// The address of the place in the template, as [`Place::address`](super::Place::address).
    pub const ADDRESS: u8 = 0;
    /// The displacement of the borrow flag. Only exclusive variables have one.
    pub const FLAG: u8 = 1;
    /// The total of a counter, or null: see [`Place::total`](super::Place::total).
    pub const TOTAL: u8 = 2;
    /// The initial value, unless a function makes it.
    pub const INITIAL: u8 = 3;
}

// SAFETY: rule 1, as `Defined` and `Typed`.
unsafe impl<S: Typed<T>, T> Place<T> for S {
    type Kind = <S as Defined>::Kind;

    type Part<'whole, O: Path<Of = T>>
        = Fixed<'whole, S, O>
    where
        S: 'whole;

    #[inline(always)]
    fn address(&self) -> usize {
        self.beside::<{ beside::ADDRESS }>(0).addr()
    }

    #[inline(always)]
    fn flag(&self) -> Flag {
        let flag = self.beside::<{ beside::FLAG }>(0);
        (flag.addr(), type_name::<S>())
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64> {
        let total = self.beside::<{ beside::TOTAL }>(distance);
        // SAFETY: rule 1, null or a static; rule 21 is the caller's.
        unsafe { total.cast::<AtomicI64>().as_ref() }
    }

    #[cfg(target_has_atomic = "64")]
    unsafe fn each_counter(distance: usize, found: &mut Found<'_>) {
        let place = S::PLACE;
        let at = |register| place.at(register).wrapping_add(distance);
        // SAFETY: as this method.
        found(&at, unsafe { place.total(distance) });
    }
}

// SAFETY: rule 1, as `Defined` and `Typed`.
unsafe impl<S: Typed<T>, T> Symbol<T> for S {
    const PLACE: Self = {
        assert!(size_of::<S>() == 0);
        // SAFETY: rule 1, a marker has one value, of size 0.
        unsafe { NonNull::<S>::dangling().read() }
    };

    #[inline(always)]
    unsafe fn initial(&self, cpu: impl FnOnce() -> usize) -> T {
        // SAFETY: as this method.
        unsafe { Typed::initial(self, cpu) }
    }
}
