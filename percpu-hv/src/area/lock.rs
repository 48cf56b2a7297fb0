//! A lock that knows which CPU holds it, so that a handler that interrupts the holder is refused and does not wait.
//!
//! A lock that records its holder after it was taken would let a handler in between wait for ever. So one word is both.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use crate::sync::{AtomicUsize, Ordering, Place, constructor, spin_loop};

/// No context has this number.
const NOBODY: usize = 0;

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

    /// Calls `f` with the value, once no other CPU uses it. Returns `None`, and does not call `f`, if the CPU itself
    /// does. `own` is the CPU's number, which is not 0. Without `exclusives` no other CPU runs (rule 11).
    pub(crate) fn with<R>(
        &self,
        own: usize,
        exclusives: bool,
        f: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let (taken, seen) = (Ordering::Acquire, Ordering::Relaxed);
        if exclusives {
            while let Err(holder) = self.holder.compare_exchange(NOBODY, own, taken, seen) {
                if holder == own {
                    return None;
                }
                spin_loop();
            }
        } else {
            self.holder.store(own, Ordering::Relaxed);
        }
        let _held = Held(&self.holder);
        // SAFETY: rule 22, this CPU holds the lock, and a handler on it is refused.
        Some(self.value.with_mut(|value| f(unsafe { &mut *value })))
    }
}

/// A held lock. It is free again also if a function of the caller panics.
struct Held<'a>(&'a AtomicUsize);

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(NOBODY, Ordering::Release);
    }
}
