//! A variable as a type: a place in every area, with the type of its value and a kind.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use core::ptr;

use crate::arch::Access;
#[cfg(target_has_atomic = "64")]
use crate::area::CacheLine;
use crate::area::header::Id;
use crate::area::{bias, checked_register, start};

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

    /// Returns the initial value, evaluated anew, of a CPU with this index. Only the option `init` asks for the index.
    ///
    /// # Safety
    ///
    /// The result becomes the value of a copy and nothing else: without `init` it is, like the template's value, a
    /// bitwise duplicate.
    unsafe fn initial(cpu: impl FnOnce() -> usize) -> T;

    /// Returns the displacement of an exclusive variable's borrow flag, and the variable's name.
    fn flag() -> Flag;

    /// Returns a word that all CPUs share, outside of the areas: the total of a counter.
    #[cfg(target_has_atomic = "64")]
    fn total() -> &'static CacheLine<AtomicI64>;
}

/// Makes the initial value of a variable with the option `init` in the area of a CPU. Records name this function.
///
/// # Safety
///
/// `register` is the value of the per-CPU register of `cpu`, and nothing else accesses the copy there (rules 3 and 17
/// of docs/safety.md).
pub unsafe fn make<S: Symbol<T>, T>(register: usize, cpu: usize) {
    // Not `S::at`, which panics before the values are made if there is only one CPU.
    let offset = S::address().wrapping_sub(start());
    let copy: *mut T =
        ptr::with_exposed_provenance_mut(register.wrapping_add(bias()).wrapping_add(offset));
    // SAFETY: rule 1, the copy is of this type; rules 3 and 17 are the caller's. What is there is no value yet, or is
    // forgotten.
    unsafe { copy.write(S::initial(|| cpu)) };
}

/// Returns the index of the current CPU, for a value that is made anew.
///
/// # Safety
///
/// This CPU's register is set, and the context stays on the CPU (rules 2 and 13 of docs/safety.md).
#[inline(always)]
pub(crate) unsafe fn this_cpu() -> usize {
    // SAFETY: rules 2 and 13 are the caller's; the field is a `usize`.
    unsafe { Id::load() }
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
