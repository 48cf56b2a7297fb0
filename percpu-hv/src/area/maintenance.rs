//! The memory of this crate that cores share, and the maintenance of its copies in caches.
//!
//! It is for cores whose MMU or caches are off. [The guide](crate::guide::caches) says who calls what, and when.
//!
//! The ranges are there on every architecture. `DataCache` is there on AArch64, on RISC-V, and in a process, where it
//! does nothing.

#[cfg(data_cache)]
use core::ops::Range;

pub use super::ranges::{area, areas, registry, reserve, table, template};

#[cfg(data_cache)]
use super::geometry::blocks;
#[cfg(data_cache)]
use crate::arch::cache;

/// The data caches, which it cleans and invalidates by address: `dc civac` on AArch64, `cbo.flush` on RISC-V.
///
/// A flush writes back what only a cache holds, and then no cache holds a copy. On AArch64 that is so for all cores,
/// down to the point of coherency: what a core reads or writes with its MMU off is the same memory. A flush changes no
/// value that a core with caches on sees, so it may run at any time, on any core, with its MMU on or off.
///
/// Each method begins with a barrier, so that what was written before is flushed too, and ends with one, so that the
/// flush is done when the method returns.
#[cfg(data_cache)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataCache {
    block: usize,
}

#[cfg(data_cache)]
impl DataCache {
    /// Returns the caches with the block size that this core shows: the smallest line of its data caches, according to
    /// `CTR_EL0.DminLine` (Arm ARM DDI 0487, "CTR_EL0").
    ///
    /// If other cores have smaller lines, take [`with_block_size`](Self::with_block_size) and theirs.
    #[cfg(data_cache_block)]
    pub fn of_this_cpu() -> Self {
        Self {
            block: cache::block_size(),
        }
    }

    /// Returns the caches with a block size in bytes. It is `None` if the size is not a power of two.
    ///
    /// On RISC-V the device tree has the size: `riscv,cbom-block-size` of the node of a hart.
    ///
    /// # Safety
    ///
    /// Rule 11 of docs/safety.md:
    ///
    /// * No data cache of the machine has smaller blocks. Otherwise a flush leaves some out.
    /// * On RISC-V each hart that flushes has Zicbom, and may execute `cbo.flush`: `menvcfg.CBCFE` is set, and
    ///   `henvcfg.CBCFE` too if the code runs as a guest (privileged manual, "Machine Environment Configuration
    ///   (`menvcfg`) Register").
    pub const unsafe fn with_block_size(bytes: usize) -> Option<Self> {
        if bytes.is_power_of_two() {
            Some(Self { block: bytes })
        } else {
            None
        }
    }

    /// Returns the block size in bytes.
    ///
    /// If it exceeds the alignment that [`percpu_area_layout_expected`](crate::percpu_area_layout_expected) returns, two
    /// areas share a block. A variable in the group `page_aligned` aligns all areas to 4096 bytes.
    pub const fn block_size(self) -> usize {
        self.block
    }

    /// Flushes the [`template`], all [`areas`], their [`table`] and the [`registry`].
    pub fn flush(self) {
        let ranges = [template()].into_iter().chain(areas());
        for range in ranges.chain([table(), registry()]) {
            // SAFETY: rules 3 and 8, memory of this crate, which is mapped.
            unsafe { self.flush_range(range) };
        }
    }

    /// Flushes the [`area`] of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// Before init, and if `cpu_id` is not in `0..percpu_area_num()`.
    #[track_caller]
    pub fn flush_area(self, cpu_id: usize) {
        // SAFETY: rule 3, an area, which is mapped.
        unsafe { self.flush_range(area(cpu_id)) };
    }

    /// Flushes all blocks that share a byte with `range`, such as memory that [`init_from`](crate::init_from) or
    /// [`init`](crate::init()) will get. An empty range has none.
    ///
    /// # Safety
    ///
    /// * The range is mapped memory. The flush of another address is an exception.
    /// * No cache holds an old line of it that waits to be written back, over what somebody wrote past the caches.
    pub unsafe fn flush_range(self, range: Range<usize>) {
        cache::barrier();
        for block in blocks(&range, self.block) {
            // SAFETY: rules 10 and 11, the caller's range; that this CPU has the instruction was promised for `self`.
            unsafe { cache::flush(block) };
        }
        cache::barrier();
    }
}

#[cfg(all(test, hosted))]
mod tests {
    use super::DataCache;

    #[test]
    fn a_block_is_a_power_of_two() {
        // SAFETY: rule 11, nothing is flushed.
        let with = |bytes| unsafe { DataCache::with_block_size(bytes) };
        for bytes in [0, 3, 48, 65, usize::MAX] {
            assert_eq!(with(bytes), None);
        }
        for bytes in [1, 16, 64, 1 << 12, 1 << (usize::BITS - 1)] {
            assert_eq!(with(bytes).map(DataCache::block_size), Some(bytes));
        }
    }
}
