//! The cores, and what each has for itself without a library.

use core::cell::UnsafeCell;

pub(crate) const CPUS: usize = 4;

/// A value for each core, which no other core touches.
pub(crate) struct ForEachCore<T>(UnsafeCell<[T; CPUS]>);

// SAFETY: rule 9, each value is one core's own.
unsafe impl<T> Sync for ForEachCore<T> {}

impl<T> ForEachCore<T> {
    pub(crate) const fn new(values: [T; CPUS]) -> Self {
        Self(UnsafeCell::new(values))
    }

    /// That of a core.
    pub(crate) fn of(&self, cpu: usize) -> *mut T {
        assert!(cpu < CPUS, "the machine has {CPUS} cores");
        self.0.get().cast::<T>().wrapping_add(cpu)
    }
}
