//! The state of the areas: built by one CPU, published once.
//!
//! tests/loom compiles this file too, with atomics that try every order of accesses.

use crate::sync::{AtomicBool, AtomicUsize, Ordering, spin_loop};

/// Where areas are, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) base: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

/// Uninit (`count` is 0) -> Building (claimed) -> Ready (`count` is not 0).
///
/// `base` and `stride` are written while Building and published by `count` (rule 4).
pub(crate) struct Areas {
    pub(crate) claimed: AtomicBool,
    pub(crate) base: AtomicUsize,
    pub(crate) stride: AtomicUsize,
    pub(crate) count: AtomicUsize,
}

impl Areas {
    /// The number of CPUs with an area: 0 until Ready.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// The base of the area of a CPU; the number of CPUs if it is none of them.
    #[inline]
    pub(crate) fn area(&self, cpu_id: usize) -> Result<usize, usize> {
        let count = self.count();
        if cpu_id >= count {
            return Err(count);
        }
        // Rule 4: `count` was acquired. No overflow: the block was checked.
        Ok(self.base.load(Ordering::Relaxed) + cpu_id * self.stride.load(Ordering::Relaxed))
    }

    /// Builds the areas, or waits for the CPU that builds them already; without `exclusives` there
    /// is none (rule 11). `Err` is the number of CPUs of other areas, or of those that were there.
    pub(crate) fn init(
        &self,
        block: Block,
        exclusives: bool,
        build: impl FnOnce(),
    ) -> Result<usize, usize> {
        let live = self.count();
        if live != 0 {
            return Err(live);
        }
        self.claim(exclusives);
        let live = self.count();
        if live == 0 {
            build();
            self.publish(block);
        }
        self.release();
        if live == 0 || self.are(block) {
            Ok(block.count)
        } else {
            Err(live)
        }
    }

    /// Builds areas in any state.
    pub(crate) fn rebuild(&self, block: Block, exclusives: bool, build: impl FnOnce()) {
        self.claim(exclusives);
        build();
        self.publish(block);
        self.release();
    }

    /// Whether these are the live areas.
    pub(crate) fn are(&self, block: Block) -> bool {
        self.count() == block.count && self.base.load(Ordering::Relaxed) == block.base
    }

    /// To Building, by one CPU at a time; the others wait, which ends since building cannot fail.
    fn claim(&self, exclusives: bool) {
        if exclusives {
            while self
                .claimed
                .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
            {
                spin_loop();
            }
        } else {
            // Rule 11: one CPU runs, and exclusives need not work.
            self.claimed.store(true, Ordering::Relaxed);
        }
    }

    fn publish(&self, block: Block) {
        self.base.store(block.base, Ordering::Relaxed);
        self.stride.store(block.stride, Ordering::Relaxed);
        self.count.store(block.count, Ordering::Release);
    }

    fn release(&self) {
        self.claimed.store(false, Ordering::Release);
    }
}
