//! The initial values of static variables.

use core::mem::MaybeUninit;
use core::ptr;

use super::accessor::offset;
use super::place::Place;
use crate::arch::Access;
use crate::area::bias;
use crate::area::header::Id;

/// The place of a static variable, which has an initial value.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: the place is one static of type `T`. Only the expansion of `def_percpu` implements this
/// trait.
#[diagnostic::on_unimplemented(
    message = "this place of type `{T}` has no initial value of its own",
    label = "a part of a per-CPU variable is not reset by itself, but written"
)]
pub unsafe trait Symbol<T>: Place<T> + Sized {
    /// The place.
    #[doc(hidden)]
    const PLACE: Self;

    /// Returns the initial value, evaluated anew, of a CPU with this index. Only the option `init` asks for the index.
    ///
    /// # Safety
    ///
    /// The result becomes the value of a copy and nothing else: without `init` it is, like the template's value, a
    /// bitwise duplicate.
    #[doc(hidden)]
    unsafe fn initial(&self, cpu: impl FnOnce() -> usize) -> T;
}

/// Makes the initial value of a variable with the option `init` in the area of a CPU. Records name this function.
///
/// # Safety
///
/// `register` is the value of the per-CPU register of `cpu`, and nothing else accesses the copy there (rules 3 and 17
/// of docs/safety.md).
pub unsafe fn make<S: Symbol<T>, T>(register: usize, cpu: usize) {
    // Not `at`, which panics before the values are made if there is only one CPU.
    let offset = offset(&S::PLACE);
    let copy: *mut T =
        ptr::with_exposed_provenance_mut(register.wrapping_add(bias()).wrapping_add(offset));
    // SAFETY: rule 1, the copy is of this type; rules 3 and 17 are the caller's. What is there is no value yet, or is
    // forgotten.
    unsafe { copy.write(S::PLACE.initial(|| cpu)) };
}

/// Returns what a variable with the option `init` starts with. Only one of the variable's type compiles, also where a macro
/// in the type expands to another one each time.
pub const fn unmade<S: Symbol<T>, T>() -> MaybeUninit<T> {
    MaybeUninit::zeroed()
}

/// Returns the index of the current CPU, for a value that is made anew.
///
/// # Safety
///
/// This CPU's register is set, and the context stays on the CPU (rules 2 and 13 of docs/safety.md).
#[inline(always)]
pub(crate) unsafe fn this_cpu() -> usize {
    // SAFETY: rules 2 and 13 are the caller's; the field is a `usize`.
    unsafe { Id.load() }
}

/// The initial value of a variable. It is in a static, not a constant, because it may refer to other statics.
#[repr(transparent)]
pub struct Initial<T>(pub T, pub Unshared);

// SAFETY: rule 7, no context gets a reference to the value, only bitwise copies, as the areas are: who makes an
// `Unshared` says so.
unsafe impl<T> Sync for Initial<T> {}

/// A part of what no context gets a reference to.
#[derive(Debug)]
pub struct Unshared(());

impl Unshared {
    /// Returns the part.
    ///
    /// # Safety
    ///
    /// The value beside it is only copied (rule 3 of docs/safety.md).
    pub const unsafe fn new() -> Self {
        Self(())
    }
}
