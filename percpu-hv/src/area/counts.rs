//! The number of areas in a block and that of areas in a table. One of them is 0, so the check of an id also tells a
//! block from a table.
//!
//! These are two words, for targets whose comparisons do not take a part of a word: a block is told by the first one,
//! and one fence orders what follows the check, whichever it was. counts_in_one_word.rs is for the others.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use super::look::look;
use crate::sync::{AtomicUsize, Ordering, constructor, looked};

/// How many CPUs have an area (rule 4): the number of areas in a block, and that in a table.
pub(crate) struct Counts([AtomicUsize; 2]);

impl Counts {
    constructor! {
        pub(crate) const fn new() -> Self {
            Self([AtomicUsize::new(0), AtomicUsize::new(0)])
        }
    }

    /// Returns whether a number can be published.
    pub(crate) const fn fits(_count: usize) -> bool {
        true
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
        let (in_block, in_table) = look(&self.0);
        if index < in_block {
            looked();
            return Some(block());
        }
        if index < in_table() {
            looked();
            return Some(table());
        }
        None
    }

    /// Returns the number of areas, and acquires it.
    #[inline(always)]
    pub(crate) fn all(&self) -> usize {
        match self.in_block() {
            0 => self.in_table(),
            count => count,
        }
    }

    /// Returns the number of areas in a block, and acquires it.
    #[inline(always)]
    pub(crate) fn in_block(&self) -> usize {
        self.0[0].load(Ordering::Acquire)
    }

    /// Returns the number of areas in a table, and acquires it.
    #[inline(always)]
    pub(crate) fn in_table(&self) -> usize {
        self.0[1].load(Ordering::Acquire)
    }

    /// Publishes areas in a block.
    pub(crate) fn publish_block(&self, count: usize) {
        let [in_block, in_table] = &self.0;
        in_table.store(0, Ordering::Relaxed);
        in_block.store(count, Ordering::Release);
    }

    /// Publishes areas in a table. There are none in a block.
    pub(crate) fn publish_table(&self, count: usize) {
        self.0[1].store(count, Ordering::Release);
    }
}
