//! A variable as a type: a place in every area, with the type of its value and a kind.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use core::ptr;

use crate::arch::Access;
#[cfg(target_has_atomic = "64")]
use crate::area::CacheLine;
use crate::area::checked_register;

/// A kind of variables.
pub trait Kind: sealed::Sealed {
    /// Whether debug builds check the per-CPU register and the alignment of a copy.
    #[doc(hidden)]
    const CHECKED: bool = true;

    /// Returns the value of the per-CPU register of CPU `cpu_id`. Panics if there is no such CPU.
    #[doc(hidden)]
    #[inline(always)]
    #[track_caller]
    fn register_of(cpu_id: usize) -> usize {
        checked_register(cpu_id)
    }
}

/// Prevents other crates from adding a kind.
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
    /// The kind, which determines the safe accessors.
    type Kind: Kind;

    /// Returns the initial value, evaluated anew.
    ///
    /// # Safety
    ///
    /// The result becomes the value of a copy and nothing else: like the template's value, it is a bitwise
    /// duplicate.
    unsafe fn initial() -> T;

    /// Returns the displacement of an exclusive variable's borrow flag, and the variable's name.
    fn flag() -> Flag;

    /// Returns a word that all CPUs share, outside of the areas: the total of a counter.
    #[cfg(target_has_atomic = "64")]
    fn total() -> &'static CacheLine<AtomicI64>;
}

/// The initial value of a variable. It is in a static, not a constant, because it may refer to other statics.
pub struct Initial<T>(pub T);

// SAFETY: rule 7, no context gets a reference to the value, only bitwise copies, as the areas are.
unsafe impl<T> Sync for Initial<T> {}

impl<T> Initial<T> {
    /// Returns a bitwise copy of the value.
    ///
    /// # Safety
    ///
    /// As [`Symbol::initial`].
    #[inline(always)]
    pub unsafe fn get(&'static self) -> T {
        // SAFETY: rule 3, each copy is what a CPU's area starts with; nothing writes or drops the original.
        unsafe { ptr::read(&raw const self.0) }
    }
}
