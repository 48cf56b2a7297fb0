//! A lock that knows which CPU holds it, so that a handler that interrupts the holder is refused and does not wait.
//!
//! A lock that records its holder after it was taken would let a handler in between wait for ever. So one word is both.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use crate::sync::{AtomicUsize, Ordering, Place, constructor, spin_loop};

/// No context has this number.
const NOBODY: usize = 0;

/// The number of a context that cannot be told from others: it waits for whoever holds the lock.
pub(crate) const UNKNOWN: usize = usize::MAX;

/// A value that one CPU at a time uses.
pub(crate) struct Lock<T> {
    holder: AtomicUsize,
    value: Place<T>,
}

// SAFETY: rule 22, the holder alone uses the value.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    constructor! {
        pub(crate) const fn new(value: T) -> Self {
            Self {
                holder: AtomicUsize::new(NOBODY),
                value: Place::new(value),
            }
        }
    }

    /// Takes the lock, once no other CPU has it. Returns `None` if the CPU itself has it. `own` is the CPU's number,
    /// which is not 0. Without `exclusives` no other CPU uses the lock (rule 11).
    pub(crate) fn take(&self, own: usize, exclusives: bool) -> Option<Held<'_, T>> {
        let (taken, seen) = (Ordering::Acquire, Ordering::Relaxed);
        if exclusives {
            while let Err(holder) = self.holder.compare_exchange(NOBODY, own, taken, seen) {
                if own != UNKNOWN && holder == own {
                    return None;
                }
                spin_loop();
            }
        } else {
            if self.is_held_by(own) {
                return None;
            }
            self.holder.store(own, Ordering::Relaxed);
        }
        Some(Held(self))
    }

    /// Returns whether the context with this number has the lock.
    pub(crate) fn is_held_by(&self, own: usize) -> bool {
        own != UNKNOWN && self.holder.load(Ordering::Relaxed) == own
    }
}

/// A lock that this CPU has, until this is dropped.
pub(crate) struct Held<'lock, T>(&'lock Lock<T>);

impl<T> Held<'_, T> {
    /// Calls `f` with the value.
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: rule 22, this CPU holds the lock, and a handler on it is refused.
        self.0.value.with_mut(|value| f(unsafe { &mut *value }))
    }
}

impl<T> Drop for Held<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.holder.store(NOBODY, Ordering::Release);
    }
}
