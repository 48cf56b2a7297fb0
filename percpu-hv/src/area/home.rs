//! The set of areas that a context looks ids up in. An image has one set. In a process, machine.rs replaces this file.

use super::state::Areas;

/// A set of areas. An image has one, so this takes no memory.
#[derive(Clone, Copy)]
pub(crate) struct Home;

impl Home {
    /// Returns the set of this context.
    #[inline(always)]
    pub(crate) const fn current() -> Self {
        Self
    }

    /// Panics, in a process, unless this is the set of this context.
    #[inline(always)]
    pub(crate) const fn assert_current(self) {}

    /// Panics, in a process, unless `register` is the value of the per-CPU register of a CPU of this set, plus a distance
    /// inside of its area.
    #[inline(always)]
    pub(crate) const fn assert_has(self, _register: usize) {}

    /// Returns where the areas of this set are, or `None` if it is the image's.
    #[inline(always)]
    pub(crate) const fn own(self) -> Option<&'static Areas> {
        None
    }

    /// Returns the register's value for the words that all CPUs of this set share, or `None` if they are statics.
    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    pub(crate) const fn common(self) -> Option<usize> {
        None
    }
}
