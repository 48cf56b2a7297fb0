//! The handle of a variable, and the accessors that every kind has.

use core::marker::PhantomData;

use super::accessor::{address, enter, pointer};
use super::default_kind::{Primitive, Primitives};
use super::kind::Borrows;
use super::place::Place;
use super::symbol::Symbol;
use crate::arch::form;
use crate::area::bias;

/// The type of a static that `#[def_percpu]` defines: a handle for one `T` per CPU.
///
/// Methods with `current` in their name access the copy of the current CPU. Methods with `remote` in their
/// name take a [`CpuId`](crate::CpuId), or an index that they check.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::def_percpu;
///
/// #[def_percpu]
/// static EXITS: u64 = 0;
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// EXITS.write_current(EXITS.read_current() + 1);
/// assert_eq!(EXITS.read_current(), 1);
/// # }
/// ```
pub struct PerCpu<P, T> {
    pub(crate) place: P,
    value: PhantomData<fn() -> T>,
}

impl<P, T> PerCpu<P, T> {
    /// Returns the handle of a place.
    ///
    /// # Safety
    ///
    /// The place is of this type, and what a definition checks is checked (rules 1 and 14 of docs/safety.md).
    // Without a bound, which the compiler would check for each variable once more.
    #[doc(hidden)]
    pub const unsafe fn __new(place: P) -> Self {
        Self {
            place,
            value: PhantomData,
        }
    }
}

/// Returns the handle of a variable whose type has the name of a scalar. Another type with such a name does not compile.
///
/// # Safety
///
/// The place is of this type (rule 1 of docs/safety.md).
pub const unsafe fn primitive<T: Primitive, P>(place: P) -> PerCpu<P, T> {
    // SAFETY: rule 1 is the caller's; rule 14, it is a scalar of the language.
    unsafe { PerCpu::__new(place) }
}

/// Returns the handle of an array of what has the name of a scalar. Another type with such a name does not compile.
///
/// # Safety
///
/// As [`primitive`].
pub const unsafe fn primitives<T: Primitives, P>(place: P) -> PerCpu<P, T> {
    // SAFETY: as `primitive`.
    unsafe { PerCpu::__new(place) }
}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Returns the linked address of a static variable in the template, which is the same on all CPUs.
    #[inline]
    pub fn symbol_vma(&self) -> usize
    where
        P: Symbol<T>,
    {
        address(&self.place)
    }

    /// Returns the variable's offset: its distance in bytes from the base of any area.
    ///
    /// With `sp-naive` there are no areas. The offset is then the address itself, since
    /// [`percpu_area_base`](crate::percpu_area_base) is 0.
    #[inline]
    pub fn offset(&self) -> usize {
        self.place.displacement().wrapping_sub(bias())
    }

    /// Returns a pointer to this CPU's copy: the per-CPU register plus an offset.
    ///
    /// # Safety
    ///
    /// This CPU ran [`init_percpu_reg`](crate::init_percpu_reg), and the context stays on this
    /// CPU for as long as it uses the pointer (rules 2 and 5 of docs/safety.md).
    #[inline]
    pub unsafe fn current_ptr(&self) -> *const T {
        pointer(&self.place, self.place.current())
    }

    /// Returns a shared reference to this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing writes the copy while the reference is live, unless
    /// `T` is `Sync` and writes through shared references.
    #[inline]
    pub unsafe fn current_ref_raw(&self) -> &T {
        // SAFETY: rule 3, the pointer is into this CPU's area; rules 2 and 5 are the caller's.
        unsafe { &*self.current_ptr() }
    }

    /// Returns an exclusive reference to this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing else accesses the copy while the reference is live:
    /// no interrupt handler, no other CPU, no second call.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn current_ref_mut_raw(&self) -> &mut T {
        // SAFETY: rule 3, the pointer is into this CPU's area; rules 2 and 5 are the caller's.
        unsafe { &mut *self.current_ptr().cast_mut() }
    }

    /// Calls `f` with this CPU's value. With `preempt` or `preempt-hook`, preemption is disabled during the call.
    ///
    /// | kind | `f` gets |
    /// |---|---|
    /// | [`Value`](crate::kind::Value) | a local copy, which is stored afterwards if its bits changed. The store overwrites what `f`, or a handler that interrupts it, stored to the variable itself. If `f` panics, nothing is stored |
    /// | [`Exclusive`](crate::kind::Exclusive) | the variable itself |
    ///
    /// A [`Shared`](crate::kind::Shared) variable has no such method, because references to it may be live.
    ///
    /// # Panics
    ///
    /// If an `Exclusive` variable is already borrowed on this CPU: by an outer call of this method, or by the
    /// context that a handler interrupted. [`try_with_current`](Self::try_with_current) returns an error
    /// instead.
    #[inline]
    #[track_caller]
    pub fn with_current<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
        P::Kind: Borrows<T>,
    {
        let _guard = enter(&self.place);
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU.
        unsafe { <P::Kind as Borrows<T>>::with_current(&self.place, f) }
    }

    /// Calls `f` with this CPU's copy itself, for every kind and type. Otherwise as
    /// [`with_current`](Self::with_current), but without checking whether the variable is borrowed.
    ///
    /// # Safety
    ///
    /// Nothing else accesses this CPU's copy during the call (rule 5 of docs/safety.md): no other method
    /// inside of `f`, no handler, no reference from another accessor. If `T` is not `Send`, no other context
    /// finds what `f` leaves in the variable.
    #[inline]
    #[track_caller]
    pub unsafe fn with_current_unchecked<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        let _guard = enter(&self.place);
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; rules 5 and 7 are the caller's.
        f(unsafe { self.current_ref_mut_raw() })
    }

    /// Assigns the initial value to this CPU's copy, and drops the old value. With `preempt` or `preempt-hook`,
    /// preemption is disabled during the call.
    ///
    /// A [`Shared`](crate::kind::Shared) variable has no such method. It is reset through its type, for
    /// example by `Cell::set` or `RefCell::replace`, or else by the `unsafe`
    /// [`reset_remote`](Self::reset_remote).
    ///
    /// # Panics
    ///
    /// As [`with_current`](Self::with_current).
    #[inline]
    #[track_caller]
    pub fn reset_to_init(&self)
    where
        P: Symbol<T>,
        P::Kind: Borrows<T>,
    {
        let _guard = enter(&self.place);
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU.
        unsafe { <P::Kind as Borrows<T>>::reset(&self.place) };
    }
}

impl<P: Symbol<T>, T> PerCpu<P, T> {
    /// Returns the operand `VARIABLE_form` of the assembly macros: the size and the group of the variable, by which they
    /// select the instructions. [`guide::assembly`](crate::guide::assembly) has examples.
    #[inline]
    pub const fn form(&self) -> u64 {
        form::<T>(P::HOT, 0)
    }

    /// Returns the operand `VARIABLE_form` of the assembly macros for a field of type `F`, which is `offset` bytes from
    /// the start of the variable.
    ///
    /// # Panics
    ///
    /// If there is no room for an aligned `F` at `offset`. In a `const` operand this is a compile error.
    #[inline]
    pub const fn form_of_field<F>(&self, offset: usize) -> u64 {
        assert!(
            offset <= size_of::<T>() && size_of::<F>() <= size_of::<T>() - offset,
            "the field is not inside of the per-CPU variable"
        );
        assert!(
            offset % align_of::<F>() == 0,
            "the field is not aligned in the per-CPU variable"
        );
        form::<F>(P::HOT, offset)
    }
}
