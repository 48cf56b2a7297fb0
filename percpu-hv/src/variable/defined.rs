//! What `#[def_percpu]` says of a variable, and what follows from it.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::part::Fixed;
#[cfg(target_has_atomic = "64")]
use super::place::Found;
use super::place::{Flag, Kind, Path, Place};
use super::symbol::Symbol;
use crate::arch::Access;

/// What the expansion of `#[def_percpu]` says of a variable, beside its [`Symbol`]. All else follows from the two once for
/// all variables, so that one costs the compiler little.
///
/// # Safety
///
/// Rule 1 of docs/safety.md, as [`Place`]. Only the expansion of `def_percpu` implements this trait.
// Without the type as a parameter, so that the impl of `Place` below overlaps no other.
#[doc(hidden)]
pub unsafe trait Defined: Access + Sized {
    /// As [`Place::Kind`].
    type Kind: Kind;

    /// As [`Place::flag`]. Only exclusive variables have one.
    #[inline]
    fn flag(&self) -> Flag {
        unreachable!()
    }

    /// As [`Place::total`].
    ///
    /// # Safety
    ///
    /// As there.
    #[cfg(target_has_atomic = "64")]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64>;
}

// SAFETY: rule 1, as `Defined`.
unsafe impl<S: Defined + Symbol<T>, T> Place<T> for S {
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
        // SAFETY: as this method.
        unsafe { Defined::total(self, distance) }
    }

    #[cfg(target_has_atomic = "64")]
    unsafe fn each_counter(distance: usize, found: &mut Found<'_>) {
        let place = S::PLACE;
        let at = |register| place.at(register).wrapping_add(distance);
        // SAFETY: as this method.
        found(&at, unsafe { Defined::total(&place, distance) });
    }
}
