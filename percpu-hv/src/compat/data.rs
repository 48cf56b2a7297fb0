//! `PerCpuData`: the type of a variable with the feature `custom-base` of `percpu`. It contains its own
//! storage.

use core::cell::UnsafeCell;
use core::fmt;
use core::ptr;

use super::init::register_of;
use crate::arch;
use crate::area::bias;
use crate::cpu::NoPreemptGuard;

/// A variable of type `T`. The object is its place in the template, and is never accessed itself.
#[repr(transparent)]
pub struct PerCpuData<T> {
    storage: UnsafeCell<T>,
}

// SAFETY: rule 5, only the object's address is used. What the methods return is in this CPU's area or, by the
// caller's duty, not used by anyone else.
unsafe impl<T> Sync for PerCpuData<T> {}
// SAFETY: as `Sync`; `percpu` requires nothing of `T`.
unsafe impl<T> Send for PerCpuData<T> {}

impl<T> PerCpuData<T> {
    /// Creates the variable's place in the template, with its initial value. Only the expansion of
    /// `def_percpu` calls this function.
    pub const fn new(value: T) -> Self {
        Self {
            storage: UnsafeCell::new(value),
        }
    }

    fn address(&self) -> usize {
        self.storage.get().expose_provenance()
    }

    /// Returns the variable's offset: its distance in bytes from the base of any area.
    #[inline]
    pub fn offset(&self) -> usize {
        self.address().wrapping_sub(bias())
    }

    /// Returns a pointer to the copy of CPU `cpu_id`.
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

    /// Returns a pointer to this CPU's copy.
    ///
    /// # Safety
    ///
    /// This CPU ran `init_percpu_reg`, and the context stays on it for as long as it uses the
    /// pointer (rules 2 and 5 of docs/safety.md).
    #[inline]
    pub unsafe fn current_ptr(&self) -> *mut T {
        // An integer sum, because the optimizer knows the initial value at the object's own address.
        ptr::with_exposed_provenance_mut(
            arch::register_for_access()
                .wrapping_add(bias())
                .wrapping_add(self.offset()),
        )
    }

    /// Returns a shared reference to this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing writes the copy while the reference is live.
    #[inline]
    pub unsafe fn current_ref_raw(&self) -> &T {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { &*self.current_ptr() }
    }

    /// Returns an exclusive reference to this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing else accesses the copy while the reference is live.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn current_ref_mut_raw(&self) -> &mut T {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { &mut *self.current_ptr() }
    }

    /// Calls `f` with this CPU's copy. Preemption is disabled during the call, as the features determine.
    pub fn with_current<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; rule 5 is the duty of
        // the caller, as in `percpu`.
        f(unsafe { self.current_ref_mut_raw() })
    }

    /// Assigns `value` to this CPU's copy, and drops the old value.
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

    /// Assigns `value` to the copy of CPU `cpu_id`, and drops the old value.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else accesses that copy during the call (rule 6 of docs/safety.md).
    #[track_caller]
    pub unsafe fn write_remote(&self, cpu_id: usize, value: T) {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rule 3; rule 6 is the caller's.
        unsafe { *self.remote_ptr(cpu_id) = value }
    }

    /// Returns a shared reference to the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing writes that copy while the reference is live (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ref_raw(&self, cpu_id: usize) -> &T {
        // SAFETY: rule 3; rule 6 is the caller's.
        unsafe { &*self.remote_ptr(cpu_id) }
    }

    /// Returns an exclusive reference to the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else accesses that copy while the reference is live (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn remote_ref_mut_raw(&self, cpu_id: usize) -> &mut T {
        // SAFETY: rule 3; rule 6 is the caller's.
        unsafe { &mut *self.remote_ptr(cpu_id) }
    }
}

impl<T: Clone> PerCpuData<T> {
    /// Returns a clone of this CPU's value.
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

    /// Returns a clone of the value of CPU `cpu_id`. That CPU must not write the value during the call.
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
    /// Formats this CPU's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, as in `read_current`.
        unsafe { self.current_ref_raw() }.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for PerCpuData<T> {
    /// Formats this CPU's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _guard = NoPreemptGuard::new();
        // SAFETY: rules 2, 3 and 13, as in `read_current`.
        unsafe { self.current_ref_raw() }.fmt(f)
    }
}

/// Defines a variable with `custom-base`. Only the expansion of `#[def_percpu]` invokes this macro.
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

/// Expands to the linked address of a static in the per-CPU section, as a macro of `percpu_macros` does.
#[doc(hidden)]
#[macro_export]
macro_rules! percpu_symbol_vma {
    ($symbol:path) => {
        $crate::__address!($symbol)
    };
}
