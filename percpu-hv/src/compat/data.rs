//! `PerCpuData`, what a variable is with the feature `custom-base` of `percpu`: its own storage.

use core::cell::UnsafeCell;
use core::fmt;
use core::ptr;

use super::init::register_of;
use crate::arch;
use crate::area::bias;
use crate::cpu::NoPreemptGuard;

/// A variable of type `T`: this object is its place in the template, and never accessed itself.
#[repr(transparent)]
pub struct PerCpuData<T> {
    storage: UnsafeCell<T>,
}

// SAFETY: rule 5: nothing is reached through the object, only its address is used; what the methods
// give is this CPU's or, by the caller's duty, nobody else's.
unsafe impl<T> Sync for PerCpuData<T> {}
// SAFETY: as `Sync`; `T` is not asked for anything, as in `percpu`.
unsafe impl<T> Send for PerCpuData<T> {}

impl<T> PerCpuData<T> {
    /// The variable's place in the template, with its initial value. Called by the expansion of
    /// `def_percpu`, which puts it there.
    pub const fn new(value: T) -> Self {
        Self {
            storage: UnsafeCell::new(value),
        }
    }

    fn address(&self) -> usize {
        self.storage.get().expose_provenance()
    }

    /// The variable's distance in bytes from the start of any area.
    #[inline]
    pub fn offset(&self) -> usize {
        self.address().wrapping_sub(bias())
    }

    /// The address of the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    #[inline]
    #[track_caller]
    pub fn remote_ptr(&self, cpu_id: usize) -> *mut T {
        ptr::with_exposed_provenance_mut(
            register_of(cpu_id)
                .wrapping_add(bias())
                .wrapping_add(self.offset()),
        )
    }

    /// The address of this CPU's copy.
    ///
    /// # Safety
    ///
    /// This CPU ran `init_percpu_reg`, and the context stays on it for as long as it uses the
    /// pointer (rules 2 and 5 of docs/safety.md).
    #[inline]
    pub unsafe fn current_ptr(&self) -> *mut T {
        // An integer sum: the optimizer knows what is at the object's own address.
        ptr::with_exposed_provenance_mut(
            arch::register_for_access()
                .wrapping_add(bias())
                .wrapping_add(self.offset()),
        )
    }

    /// This CPU's copy, shared.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing writes the copy while the reference
    /// lives.
    #[inline]
    pub unsafe fn current_ref_raw(&self) -> &T {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { &*self.current_ptr() }
    }

    /// This CPU's copy, exclusive.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing else reaches the copy while the
    /// reference lives.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn current_ref_mut_raw(&self) -> &mut T {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { &mut *self.current_ptr() }
    }

    /// Calls `f` with this CPU's copy; preemption is off meanwhile, as far as the features say.
    pub fn with_current<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; rule 5 is the duty of
        // the caller, as in `percpu`.
        f(unsafe { self.current_ref_mut_raw() })
    }

    /// Assigns this CPU's copy; the old value is dropped.
    pub fn write_current(&self, value: T) {
        self.with_current(|current| *current = value);
    }

    /// As [`write_current`](Self::write_current), without a guard.
    ///
    /// # Safety
    ///
    /// As [`current_ref_mut_raw`](Self::current_ref_mut_raw), for the duration of the call.
    pub unsafe fn write_current_raw(&self, value: T) {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { *self.current_ptr() = value }
    }

    /// Assigns the copy of CPU `cpu_id`; the old value is dropped.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else reaches that copy during the call (rule 6 of docs/safety.md).
    #[track_caller]
    pub unsafe fn write_remote(&self, cpu_id: usize, value: T) {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rule 3; rule 6 is the caller's.
        unsafe { *self.remote_ptr(cpu_id) = value }
    }

    /// The copy of CPU `cpu_id`, shared.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing writes that copy while the reference lives (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ref_raw(&self, cpu_id: usize) -> &T {
        // SAFETY: rule 3; rule 6 is the caller's.
        unsafe { &*self.remote_ptr(cpu_id) }
    }

    /// The copy of CPU `cpu_id`, exclusive.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else reaches that copy while the reference lives (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn remote_ref_mut_raw(&self, cpu_id: usize) -> &mut T {
        // SAFETY: rule 3; rule 6 is the caller's.
        unsafe { &mut *self.remote_ptr(cpu_id) }
    }
}

impl<T: Clone> PerCpuData<T> {
    /// A clone of this CPU's value.
    pub fn read_current(&self) -> T {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; rule 5 as in
        // `with_current`.
        unsafe { self.read_current_raw() }
    }

    /// As [`read_current`](Self::read_current), without a guard.
    ///
    /// # Safety
    ///
    /// As [`current_ref_raw`](Self::current_ref_raw), for the duration of the call.
    pub unsafe fn read_current_raw(&self) -> T {
        // SAFETY: rules 2, 3 and 5 are the caller's.
        unsafe { self.current_ref_raw() }.clone()
    }

    /// A clone of the value of CPU `cpu_id`, which must not write it meanwhile.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    #[track_caller]
    pub fn read_remote(&self, cpu_id: usize) -> T {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rule 3; rule 6 is the duty of the caller, as in `percpu`.
        unsafe { self.remote_ref_raw(cpu_id) }.clone()
    }
}

impl<T: fmt::Debug> fmt::Debug for PerCpuData<T> {
    /// This CPU's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, as in `read_current`.
        unsafe { self.current_ref_raw() }.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for PerCpuData<T> {
    /// This CPU's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, as in `read_current`.
        unsafe { self.current_ref_raw() }.fmt(f)
    }
}

/// What `#[def_percpu]` stands for with `custom-base`. Called by its expansion alone.
#[doc(hidden)]
#[macro_export]
macro_rules! __data {
    (
        [$($attr:tt)*]
        $vis:vis static $name:ident: $ty:ty = $value:expr;
    ) => {
        $crate::__refuse_host!();
        $crate::__storage! {
            variables [$($attr)* #[allow(private_interfaces)]]
            {$vis static} $name: $crate::__priv::PerCpuData<$ty> = $crate::__priv::PerCpuData::new($value);
        }
    };
}
