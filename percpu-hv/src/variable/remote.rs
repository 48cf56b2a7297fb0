//! The copies of other CPUs, of every kind.

use super::per_cpu::PerCpu;
use super::symbol::{Kind, Symbol};
use crate::cpu::CpuId;

impl<S: Symbol<T>, T> PerCpu<S, T> {
    /// The address of the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// The pointer is valid for as long as the image runs; what goes through it must not race
    /// with the accesses of that CPU (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ptr(&self, cpu_id: usize) -> *const T {
        Self::pointer(S::at(S::Kind::register_of(cpu_id)))
    }

    /// The copy of CPU `cpu_id`, shared.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing writes that copy while the reference lives, unless `T` is `Sync` and writes
    /// through shared references.
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ref_raw(&self, cpu_id: usize) -> &T {
        // SAFETY: rules 3 and 4, the id was checked; rule 6 is the caller's.
        unsafe { &*self.remote_ptr(cpu_id) }
    }

    /// The copy of CPU `cpu_id`, exclusive.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else reaches that copy while the reference lives.
    #[inline]
    #[track_caller]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn remote_ref_mut_raw(&self, cpu_id: usize) -> &mut T {
        // SAFETY: rules 3 and 4, the id was checked; rule 6 is the caller's.
        unsafe { &mut *self.remote_ptr(cpu_id).cast_mut() }
    }

    /// The address of a CPU's copy; the id was checked when it was made.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn address_on(cpu: CpuId) -> usize {
        Self::assert_reach();
        S::at(cpu.register())
    }

    /// Assigns the initial value to a CPU's copy, of every kind; the old value is dropped, by this CPU.
    ///
    /// # Safety
    ///
    /// Nothing uses that copy meanwhile, and no reference to it lives (rule 6 of docs/safety.md); `T` is `Send`, or
    /// the old value may be dropped here.
    pub unsafe fn reset_remote(&self, cpu: CpuId) {
        // SAFETY: rules 3 and 4, the id is valid; rules 6 and 7 are the caller's.
        unsafe { *self.remote_ref_mut_raw(cpu.index()) = S::initial() };
    }
}
