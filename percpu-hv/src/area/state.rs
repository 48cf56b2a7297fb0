//! The state of the areas: one CPU builds them, and publishes them once.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use crate::sync::{AtomicBool, AtomicUsize, Ordering, Published, spin_loop};

/// The location of the areas, and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// The value of CPU 0's per-CPU register. An access to another CPU's copy adds to that CPU's value what
    /// its own access adds.
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
    /// Returns the number of CPUs with an area; 0 until Ready.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns the value of the per-CPU register of CPU `cpu_id`, or the number of CPUs as the error if there
    /// is no such CPU.
    #[inline]
    pub(crate) fn register(&self, cpu_id: usize) -> Result<usize, usize> {
        let count = self.count();
        if cpu_id >= count {
            return Err(count);
        }
        // SAFETY: rule 4, `count` was acquired and is not 0.
        Ok(unsafe { self.register_unchecked(cpu_id) })
    }

    /// Returns the value of the per-CPU register of CPU `cpu_id`, without a check.
    ///
    /// # Safety
    ///
    /// [`count`](Self::count) has returned a number other than 0 (rule 4 of docs/safety.md).
    #[inline(always)]
    pub(crate) unsafe fn register_unchecked(&self, cpu_id: usize) -> usize {
        // SAFETY: rule 4, both were published by `count`.
        let (register, stride) = unsafe { (self.register.get(), self.stride.get()) };
        register.wrapping_add(cpu_id.wrapping_mul(stride))
    }

    /// Builds the areas, or waits while another CPU builds them. Without `exclusives` no other CPU runs
    /// (rule 11).
    ///
    /// The error is the number of CPUs with an area: if the areas were Ready before the call, or if another
    /// CPU built different ones during the call.
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
        let claimed = self.claim(exclusives);
        let live = self.count();
        if live == 0 {
            build();
            self.publish(block);
        }
        drop(claimed);
        if live == 0 || self.are_live(block) {
            Ok(block.count)
        } else {
            Err(live)
        }
    }

    /// Builds the areas in any state, also over live ones.
    #[allow(dead_code, reason = "only the init functions in compat use it")]
    pub(crate) fn rebuild(&self, block: Block, exclusives: bool, build: impl FnOnce()) {
        let _claimed = self.claim(exclusives);
        build();
        self.publish(block);
    }

    /// Publishes other addresses of the areas, whose memory stays the same.
    ///
    /// # Safety
    ///
    /// The areas are Ready, and no other CPU reads where they are (rule 4 of docs/safety.md).
    pub(crate) unsafe fn rebase(&self, register: usize) {
        // SAFETY: rule 4 is the caller's.
        unsafe { self.register.set(register) };
        self.count.store(self.count(), Ordering::Release);
    }

    /// Returns whether the live areas are those of `block`.
    pub(crate) fn are_live(&self, block: Block) -> bool {
        self.count() == block.count && self.register(0) == Ok(block.register)
    }

    /// Enters Building, one CPU at a time, until the result is dropped. The wait of the others ends, because building
    /// returns or panics.
    fn claim(&self, exclusives: bool) -> Claimed<'_> {
        if exclusives {
            while self
                .claimed
                .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
            {
                spin_loop();
            }
        } else {
            // Rule 11: only one CPU runs, and exclusive accesses need not work.
            self.claimed.store(true, Ordering::Relaxed);
        }
        Claimed(self)
    }

    fn publish(&self, block: Block) {
        // SAFETY: rule 4, this CPU claimed the areas, and `count` is 0 or no other CPU reads them.
        unsafe {
            self.register.set(block.register);
            self.stride.set(block.stride);
        }
        self.count.store(block.count, Ordering::Release);
    }
}

/// The right to build areas. A panic ends it too, and nothing is published then.
struct Claimed<'a>(&'a Areas);

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        self.0.claimed.store(false, Ordering::Release);
    }
}
