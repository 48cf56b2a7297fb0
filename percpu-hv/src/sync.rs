//! The primitives of area/{counts,state,owner,lock}.rs and types/{once,total}.rs. tests/loom defines the same names for
//! them.

use core::cell::UnsafeCell;

pub(crate) use core::hint::spin_loop;
#[cfg(target_has_atomic = "64")]
pub(crate) use core::sync::atomic::AtomicI64;
pub(crate) use core::sync::atomic::AtomicU8;
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering, fence};

/// Acquires what `look` of area/look.rs saw.
#[allow(
    dead_code,
    reason = "one word that holds two numbers is acquired at once"
)]
#[inline(always)]
pub(crate) fn looked() {
    if !cfg!(process) {
        fence(Ordering::Acquire);
    }
}

/// A number that is written before it is published, and only read afterwards. It is not an atomic, so that
/// the compiler may load two of them with one instruction where the architecture has pairs.
#[derive(Debug)]
pub(crate) struct Published(UnsafeCell<usize>);

// SAFETY: rule 4, the callers of `get` and `set` order their accesses.
unsafe impl Sync for Published {}

impl Published {
    pub(crate) const fn new(value: usize) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// # Safety
    ///
    /// Rule 4 of docs/safety.md: the number has been published to this CPU.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> usize {
        // SAFETY: rule 4, nothing writes it any more.
        unsafe { *self.0.get() }
    }

    /// # Safety
    ///
    /// Rule 4 of docs/safety.md: the number is not published, and nothing else writes it.
    pub(crate) unsafe fn set(&self, value: usize) {
        // SAFETY: rule 4, nothing reads it yet.
        unsafe { *self.0.get() = value };
    }
}

/// A value that the state of its owner protects. loom checks each access.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Place<T>(UnsafeCell<T>);

impl<T> Place<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Passes the value to `read`. Nothing writes it during the call.
    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Passes the value to `write`. Nothing else accesses it during the call.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// Defines a constructor that is `const` here, but not with loom.
macro_rules! constructor {
    ($($function:tt)*) => {
        $($function)*
    };
}
pub(crate) use constructor;
