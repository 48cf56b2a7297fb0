//! Accessors of other CPUs' copies, for every kind.

use super::accessor::{address_on, pointer};
use super::per_cpu::PerCpu;
use super::place::{Kind, Place};
use super::symbol::Symbol;
use crate::cpu::CpuId;

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Returns a pointer to the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// The pointer is valid for as long as the image runs. Accesses through it must not race with those of
    /// that CPU (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ptr(&self, cpu_id: usize) -> *const T {
        pointer(&self.place, self.place.at(P::Kind::register_of(cpu_id)))
    }

    /// Returns a shared reference to the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing writes that copy while the reference is live, unless `T` is `Sync` and writes through shared
    /// references.
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ref_raw(&self, cpu_id: usize) -> &T {
        // SAFETY: rules 3 and 4, the id was checked; rule 6 is the caller's.
        unsafe { &*self.remote_ptr(cpu_id) }
    }

    /// Returns an exclusive reference to the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else accesses that copy while the reference is live.
    #[inline]
    #[track_caller]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn remote_ref_mut_raw(&self, cpu_id: usize) -> &mut T {
        // SAFETY: rules 3 and 4, the id was checked; rule 6 is the caller's.
        unsafe { &mut *self.remote_ptr(cpu_id).cast_mut() }
    }

    /// Assigns the initial value to a CPU's copy, of every kind. The calling CPU drops the old value.
    ///
    /// # Safety
    ///
    /// Nothing uses that copy during the call, and no reference to it is live (rule 6 of docs/safety.md). `T`
    /// is `Send`, or the old value may be dropped on this CPU.
    pub unsafe fn reset_remote(&self, cpu: CpuId)
    where
        P: Symbol<T>,
    {
        let copy = pointer(&self.place, address_on(&self.place, cpu)).cast_mut();
        // SAFETY: rules 3 and 4, the id is valid; rules 6 and 7 are the caller's.
        unsafe { *copy = self.place.initial(|| cpu.index()) };
    }
}
