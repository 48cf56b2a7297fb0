//! A value that is made at its first use.
//!
//! tests/loom compiles this file too, with atomics that try every order of accesses.

use core::fmt;
use core::mem::MaybeUninit;

use crate::sync::{AtomicU8, Ordering, Place, constructor};

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const READY: u8 = 2;

/// A value that is made at its first use on a CPU, and shared from then on.
///
/// Nothing waits: a handler that needs the value while its own CPU makes it would wait for ever,
/// and panics instead. The value stays for as long as its area: only the `unsafe`
/// [`reset_remote`](crate::PerCpu::reset_remote) drops it and leaves the cell empty.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::{CpuPin, PerCpuOnce, current_cpu, def_percpu};
///
/// #[def_percpu]
/// static NAME: PerCpuOnce<String> = PerCpuOnce::new();
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(2);
/// let pin = CpuPin::new();
/// let name = NAME.get(&pin).get_or_init(|| format!("cpu {}", current_cpu()));
/// assert_eq!(name, "cpu 2");
/// # }
/// ```
// The state is read with acquire, which has no offset: it comes first.
#[repr(C)]
pub struct PerCpuOnce<T> {
    state: AtomicU8,
    value: Place<MaybeUninit<T>>,
}

// SAFETY: rule 7: the value is moved in by one context and dropped by another.
unsafe impl<T: Send> Send for PerCpuOnce<T> {}
// SAFETY: rules 7 and 16: other CPUs get `&T`, and may be the ones that move the value in.
unsafe impl<T: Send + Sync> Sync for PerCpuOnce<T> {}

impl<T> PerCpuOnce<T> {
    constructor! {
        /// An empty cell.
        #[inline]
        pub const fn new() -> Self {
            Self {
                state: AtomicU8::new(EMPTY),
                value: Place::new(MaybeUninit::uninit()),
            }
        }
    }

    /// The value, if it was made.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        (self.state.load(Ordering::Acquire) == READY).then(|| {
            // SAFETY: rule 15: Ready was acquired, and nothing writes the value from then on.
            self.value
                .with(|value| unsafe { (*value).assume_init_ref() })
        })
    }

    /// The value; `make` makes it at the first use. If `make` panics, the cell stays empty.
    ///
    /// # Panics
    ///
    /// If the value is being made: by the context that this one interrupted, by `make` itself, or
    /// by another CPU.
    #[inline]
    #[track_caller]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.init(make),
        }
    }

    /// Fills the cell.
    ///
    /// # Errors
    ///
    /// The value, if the cell is full or is being filled.
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.claim() {
            Some(claim) => {
                claim.fill(value);
                Ok(())
            }
            None => Err(value),
        }
    }

    #[cold]
    #[track_caller]
    fn init(&self, make: impl FnOnce() -> T) -> &T {
        match self.claim() {
            Some(claim) => claim.fill(make()),
            None => match self.get() {
                Some(value) => value,
                None => panic!(
                    "a `PerCpuOnce` is used while it is being initialized: by its own initializer, \
                     by a handler that interrupted that one, or by another CPU; initialize it \
                     before interrupts are on, on its own CPU"
                ),
            },
        }
    }

    fn claim(&self) -> Option<Claim<'_, T>> {
        self.state
            .compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| Claim(self))
    }
}

/// The right to fill a cell; given back where the initializer panics.
struct Claim<'cell, T>(&'cell PerCpuOnce<T>);

impl<'cell, T> Claim<'cell, T> {
    fn fill(self, value: T) -> &'cell T {
        let cell = self.0;
        core::mem::forget(self);
        // SAFETY: rule 15: Busy, so this context alone reaches the value until it is Ready.
        let value: &T = cell
            .value
            .with_mut(|place| unsafe { (*place).write(value) });
        cell.state.store(READY, Ordering::Release);
        value
    }
}

impl<T> Drop for Claim<'_, T> {
    fn drop(&mut self) {
        self.0.state.store(EMPTY, Ordering::Release);
    }
}

impl<T> Default for PerCpuOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for PerCpuOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PerCpuOnce").field(&self.get()).finish()
    }
}

impl<T> Drop for PerCpuOnce<T> {
    fn drop(&mut self) {
        // Exclusively borrowed: what every context did comes before, whatever the order of the load.
        if self.state.load(Ordering::Relaxed) == READY {
            // SAFETY: rule 15: Ready, and exclusively borrowed.
            self.value
                .with_mut(|value| unsafe { (*value).assume_init_drop() });
        }
    }
}
