//! What a variable is: a place in every area, with a type and a kind.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use core::ptr;

use crate::arch::Access;
#[cfg(target_has_atomic = "64")]
use crate::area::CacheLine;
use crate::area::checked_register;

/// A kind of variables.
pub trait Kind: sealed::Sealed {
    /// Whether debug builds verify the per-CPU register and a copy's alignment.
    #[doc(hidden)]
    const CHECKED: bool = true;

    /// What the per-CPU register of CPU `cpu_id` holds; panics if there is no such CPU.
    #[doc(hidden)]
    #[inline(always)]
    #[track_caller]
    fn register_of(cpu_id: usize) -> usize {
        checked_register(cpu_id)
    }
}

/// Keeps other crates from adding a kind.
pub(crate) mod sealed {
    pub trait Sealed {}
}

/// The displacement of a variable's borrow flag, and the variable's name.
pub type Flag = (usize, &'static str);

/// A variable: a place of type `T` in every area.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: [`Access::address`] and [`Access::displacement`] name one static of type `T`. Only the
/// expansion of `def_percpu` implements this trait.
pub unsafe trait Symbol<T>: Access {
    /// Which safe accessors the variable has.
    type Kind: Kind;

    /// The initial value, evaluated anew.
    ///
    /// # Safety
    ///
    /// It becomes the value of a copy: one that is nobody's to give, as the template's is.
    unsafe fn initial() -> T;

    /// Where an exclusive variable's borrow flag is, and the variable's name.
    fn flag() -> Flag;

    /// A word that all CPUs share, beside the areas: the total of a counter.
    #[cfg(target_has_atomic = "64")]
    fn total() -> &'static CacheLine<AtomicI64>;
}

/// A variable's initial value: what a constant cannot be, as it may refer to other statics.
pub struct Initial<T>(pub T);

// SAFETY: rule 7: nobody gets a reference to the value, only bitwise copies, as the areas are.
unsafe impl<T> Sync for Initial<T> {}

impl<T> Initial<T> {
    /// A copy of the value.
    ///
    /// # Safety
    ///
    /// As [`Symbol::initial`].
    #[inline(always)]
    pub unsafe fn get(&'static self) -> T {
        // SAFETY: rule 3: each copy is what a CPU's area starts with; nothing writes or drops the original.
        unsafe { ptr::read(&raw const self.0) }
    }
}
