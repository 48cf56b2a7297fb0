//! What `#[def_percpu]` says of a variable, and what follows from it.

use core::ptr::{self, NonNull};
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
/// Rule 1 of docs/safety.md: the implementor has size 0, and the methods return what they say. Only
/// the expansion of `def_percpu` implements this trait.
// Without the type as a parameter, so that the impl of `Place` below overlaps no other.
#[doc(hidden)]
pub unsafe trait Defined: Access + Sized {
    /// As [`Place::Kind`].
    type Kind: Kind;

    /// Returns the displacement of the borrow flag, and the name of the variable. Only exclusive variables have a flag.
    #[inline(always)]
    fn flag(&self) -> Flag {
        (0, "")
    }

    /// As [`Place::total`].
    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    fn total(&self, _distance: usize) -> Option<&'static AtomicI64> {
        None
    }
}

/// The type of a variable. It is a parameter, because an associated type must not be private where the marker is public.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: the place is one static of type `T`. Only the expansion of `def_percpu` implements this
/// trait.
#[doc(hidden)]
pub unsafe trait Typed<T>: Defined {
    /// Where the initial value is, or null if a function makes it.
    const ORIGINAL: *const T = ptr::null();

    /// As [`Symbol::initial`].
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(always)]
    unsafe fn initial(&self, _cpu: impl FnOnce() -> usize) -> T {
        // SAFETY: rule 3, each copy is what a CPU's area starts with; nothing writes or drops the original.
        unsafe { Self::ORIGINAL.read() }
    }
}

// SAFETY: rule 1, as `Defined` and `Typed`.
unsafe impl<S: Typed<T>, T> Place<T> for S {
    type Kind = <S as Defined>::Kind;

    type Part<'whole, O: Path<Of = T>>
        = Fixed<'whole, S, O>
    where
        S: 'whole;

    #[inline(always)]
    fn flag(&self) -> Flag {
        Defined::flag(self)
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64> {
        Defined::total(self, distance)
    }

    #[cfg(target_has_atomic = "64")]
    unsafe fn each_counter(distance: usize, found: &mut Found<'_>) {
        let place = S::PLACE;
        let at = |register| place.at(register).wrapping_add(distance);
        found(&at, Defined::total(&place, distance));
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
