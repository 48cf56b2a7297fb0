//! What `#[def_percpu]` says of a variable, and what follows from it.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::part::Fixed;
use super::place::{Flag, Kind, Path, Place};
use super::symbol::Symbol;
use crate::arch::Access;

/// What the expansion of `#[def_percpu]` says of a variable. All else follows from it once for all variables, so that
/// one costs the compiler little.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: the place is one static of type `Value`. Only the expansion of `def_percpu` implements this
/// trait.
#[doc(hidden)]
pub unsafe trait Defined: Access + Sized {
    /// The type of the variable.
    type Value;

    /// As [`Place::Kind`].
    type Kind: Kind;

    /// The place.
    const PLACE: Self;

    /// As [`Place::flag`]. Only exclusive variables have one.
    #[inline]
    fn flag(&self) -> Flag {
        unreachable!()
    }

    /// As [`Place::total`].
    #[cfg(target_has_atomic = "64")]
    fn total(&self, distance: usize) -> Option<&AtomicI64>;

    /// As [`Symbol::initial`].
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn initial(&self, cpu: impl FnOnce() -> usize) -> Self::Value;
}

// SAFETY: rule 1, as `Defined`.
unsafe impl<S: Defined> Place<S::Value> for S {
    type Kind = S::Kind;

    const STATIC: Option<Self> = Some(S::PLACE);

    type Part<'whole, O: Path<Of = S::Value>>
        = Fixed<'whole, S, O>
    where
        S: 'whole;

    #[inline(always)]
    fn flag(&self) -> Flag {
        Defined::flag(self)
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    fn total(&self, distance: usize) -> Option<&AtomicI64> {
        Defined::total(self, distance)
    }
}

// SAFETY: rule 1, as `Defined`.
unsafe impl<S: Defined> Symbol<S::Value> for S {
    #[inline(always)]
    unsafe fn initial(&self, cpu: impl FnOnce() -> usize) -> S::Value {
        // SAFETY: as this method.
        unsafe { Defined::initial(self, cpu) }
    }
}
