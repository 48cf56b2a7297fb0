//! The total of a counter, which is in no CPU's area.
//!
//! tests/loom compiles this file too, with atomics that try every order of accesses.

use crate::sync::{AtomicI64, Ordering};

/// What CPUs moved out of their parts of one counter: a word that all share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total<'word>(pub(crate) &'word AtomicI64);

impl Total<'_> {
    /// Adds what is no longer in a part. The release publishes that the part is without it.
    #[inline(always)]
    pub(crate) fn receive(self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Release);
    }

    /// Moves all that a part holds here.
    #[inline]
    pub(crate) fn take(self, part: &AtomicI64) {
        self.receive(part.swap(0, Ordering::Relaxed));
    }

    /// What moved here up to now.
    #[inline(always)]
    pub(crate) fn read(self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The total and all parts, wrapping around, where nothing is twice.
    ///
    /// What moves goes from a part to the total, so the total is read first: if it holds an amount,
    /// the acquire sees to it that the part does not. What moves meanwhile may be in neither.
    pub(crate) fn sum<'part>(self, parts: impl Iterator<Item = &'part AtomicI64>) -> i64 {
        let total = self.0.load(Ordering::Acquire);
        parts.fold(total, |sum, part| {
            sum.wrapping_add(part.load(Ordering::Relaxed))
        })
    }
}
