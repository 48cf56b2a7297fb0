//! What state.rs and claim.rs are made of; tests/loom has the same names for it.

use core::cell::UnsafeCell;

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// A number that is written before it is published, and read afterwards: no atomic, so that two of
/// them are one load where the architecture has pairs.
#[derive(Debug)]
pub(crate) struct Published(UnsafeCell<usize>);

// SAFETY: rule 4, who reads and writes sees to the order.
unsafe impl Sync for Published {}

impl Published {
    pub(crate) const fn new(value: usize) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// # Safety
    ///
    /// Rule 4 of docs/safety.md: it was published to this CPU.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> usize {
        // SAFETY: rule 4, nothing writes it any more.
        unsafe { *self.0.get() }
    }

    /// # Safety
    ///
    /// Rule 4 of docs/safety.md: it is not published, and nothing else writes it.
    pub(crate) unsafe fn set(&self, value: usize) {
        // SAFETY: rule 4, nothing reads it yet.
        unsafe { *self.0.get() = value };
    }
}
