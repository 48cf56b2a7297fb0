//! The total of a counter, which is outside of all areas.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use crate::sync::{AtomicI64, Ordering};

/// The amounts that CPUs moved out of their parts of a counter: a word that all CPUs share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total<'word>(pub(crate) &'word AtomicI64);

impl Total<'_> {
    /// Adds an amount that was removed from a part. The release publishes the removal.
    #[inline(always)]
    pub(crate) fn receive(self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Release);
    }

    /// Moves the whole part to the total.
    #[inline]
    pub(crate) fn take(self, part: &AtomicI64) {
        self.receive(part.swap(0, Ordering::Relaxed));
    }

    /// Returns the total.
    #[inline(always)]
    pub(crate) fn read(self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns the sum of the total and all parts, wrapping around. No amount is counted twice.
    ///
    /// An amount moves from a part to the total, so the total is read first: if it contains the amount, the
    /// acquire ensures that the part no longer does. An amount that moves during the call may be in neither.
    pub(crate) fn sum<'part>(self, parts: impl Iterator<Item = &'part AtomicI64>) -> i64 {
        let total = self.0.load(Ordering::Acquire);
        parts.fold(total, |sum, part| {
            sum.wrapping_add(part.load(Ordering::Relaxed))
        })
    }
}
