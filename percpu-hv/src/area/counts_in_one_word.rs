//! The number of areas in a block and that of areas in a table, halves of one word: for targets that compare with a
//! part of a word as with a whole one (AArch64), so that one load-acquire serves both checks. Replaces counts.rs.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use crate::sync::{AtomicUsize, Ordering, constructor};

const HALF: u32 = usize::BITS / 2;

/// How many CPUs have an area (rule 4). The lower half is the number of areas in a block, the upper that in a table.
pub(crate) struct Counts(AtomicUsize);

impl Counts {
    const LOWER: usize = usize::MAX >> HALF;

    constructor! {
        pub(crate) const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// Returns whether a number can be published.
    pub(crate) const fn fits(count: usize) -> bool {
        count <= Self::LOWER
    }

    /// Returns what `block` or `table` returns, if an area in a block or in a table has the index. What is published
    /// with the number is seen by these functions.
    #[inline(always)]
    pub(crate) fn find<T>(
        &self,
        index: usize,
        block: impl FnOnce() -> T,
        table: impl FnOnce() -> T,
    ) -> Option<T> {
        let both = self.0.load(Ordering::Acquire);
        let (in_block, in_table) = (both & Self::LOWER, both >> HALF);
        if index < in_block {
            Some(block())
        } else if index < in_table {
            Some(table())
        } else {
            None
        }
    }

    /// Returns the number of areas, and acquires it.
    #[inline(always)]
    pub(crate) fn all(&self) -> usize {
        let both = self.0.load(Ordering::Acquire);
        both & Self::LOWER | both >> HALF
    }

    /// Returns the number of areas in a block, and acquires it.
    #[inline(always)]
    pub(crate) fn in_block(&self) -> usize {
        self.0.load(Ordering::Acquire) & Self::LOWER
    }

    /// Returns the number of areas in a table, and acquires it.
    #[inline(always)]
    pub(crate) fn in_table(&self) -> usize {
        self.0.load(Ordering::Acquire) >> HALF
    }

    /// Publishes areas in a block.
    pub(crate) fn publish_block(&self, count: usize) {
        self.0.store(count, Ordering::Release);
    }

    /// Publishes areas in a table. There are none in a block.
    pub(crate) fn publish_table(&self, count: usize) {
        self.0.store(count << HALF, Ordering::Release);
    }
}
