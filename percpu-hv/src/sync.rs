//! What state.rs, claim.rs, once.rs and counter/total.rs are made of; tests/loom has the same names for it.
#![cfg_attr(
    feature = "sp-naive",
    allow(dead_code, unused_imports, reason = "no areas are made")
)]

use core::cell::UnsafeCell;

pub(crate) use core::hint::spin_loop;
#[cfg(target_has_atomic = "64")]
pub(crate) use core::sync::atomic::AtomicI64;
pub(crate) use core::sync::atomic::AtomicU8;
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

/// A value that its owner's state protects: loom checks each call.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Place<T>(UnsafeCell<T>);

impl<T> Place<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Gives the value to `read`, during which nothing writes it.
    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Gives the value to `write`, during which nothing else reaches it.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// A function that makes some of these: `const` here, but not with loom.
macro_rules! constructor {
    ($($function:tt)*) => {
        $($function)*
    };
}
pub(crate) use constructor;
