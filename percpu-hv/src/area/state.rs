//! The state of the areas: built by one CPU, published once.
//!
//! tests/loom compiles this file too, with atomics that try every order of accesses.

use crate::sync::{AtomicBool, AtomicUsize, Ordering, Published, spin_loop};

/// Where areas are, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// What the per-CPU register of CPU 0 holds: an access to another CPU adds what its own access adds.
    pub(crate) register: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

/// Uninit (`count` is 0) -> Building (claimed) -> Ready (`count` is not 0).
///
/// `register` and `stride` are written while Building and published by `count` (rule 4).
pub(crate) struct Areas {
    pub(crate) claimed: AtomicBool,
    pub(crate) register: Published,
    pub(crate) stride: Published,
    pub(crate) count: AtomicUsize,
}

impl Areas {
    /// The number of CPUs with an area: 0 until Ready.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// What the per-CPU register of a CPU holds; the number of CPUs if it is none of them.
    #[inline]
    pub(crate) fn register(&self, cpu_id: usize) -> Result<usize, usize> {
        let count = self.count();
        if cpu_id >= count {
            return Err(count);
        }
        // SAFETY: rule 4, `count` was acquired and is not 0.
        Ok(unsafe { self.register_unchecked(cpu_id) })
    }

    /// The same for an id that was checked.
    ///
    /// # Safety
    ///
    /// [`count`](Self::count) gave another number than 0 before (rule 4 of docs/safety.md).
    #[inline(always)]
    pub(crate) unsafe fn register_unchecked(&self, cpu_id: usize) -> usize {
        // SAFETY: rule 4, both were published by `count`.
        let (register, stride) = unsafe { (self.register.get(), self.stride.get()) };
        register.wrapping_add(cpu_id.wrapping_mul(stride))
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
        self.count() == block.count && self.register(0) == Ok(block.register)
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
        // SAFETY: rule 4, this CPU has claimed them and `count` is 0, or no other CPU reads them.
        unsafe {
            self.register.set(block.register);
            self.stride.set(block.stride);
        }
        self.count.store(block.count, Ordering::Release);
    }

    fn release(&self) {
        self.claimed.store(false, Ordering::Release);
    }
}
