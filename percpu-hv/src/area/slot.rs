//! A slot of the table by which areas at any addresses are found.

use crate::sync::{AtomicUsize, Ordering, constructor};

/// Where the area of one CPU is: a slot of the table that [`init_from_each`](crate::init_from_each) gets.
///
/// ```
/// use percpu_hv::AreaSlot;
///
/// static TABLE: [AreaSlot; 512] = [const { AreaSlot::new() }; 512];
/// ```
#[derive(Debug)]
#[repr(transparent)]
pub struct AreaSlot(AtomicUsize);

impl AreaSlot {
    constructor! {
        /// Returns a slot without an area.
        #[inline]
        pub const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// Returns the value of the CPU's per-CPU register.
    #[inline(always)]
    pub(crate) fn register(&self) -> usize {
        // Rule 4: the number of areas, which the caller acquired, orders the load after the store.
        self.0.load(Ordering::Relaxed)
    }

    /// Stores the value of the CPU's per-CPU register, before the slot is published.
    #[inline]
    pub(crate) fn set(&self, register: usize) {
        self.0.store(register, Ordering::Relaxed);
    }
}

impl Default for AreaSlot {
    fn default() -> Self {
        Self::new()
    }
}
