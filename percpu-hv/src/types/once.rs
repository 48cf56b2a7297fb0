//! A value that is initialized at its first use.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use core::fmt;
use core::mem::MaybeUninit;

use crate::sync::{AtomicU8, Ordering, Place, constructor};

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const READY: u8 = 2;

/// A value that is initialized at its first use on a CPU, and shared from then on.
///
/// No method blocks: a handler that needs the value while its own CPU initializes it would wait for ever, so
/// it panics instead. The value lives as long as its area. Only the `unsafe`
/// [`reset_remote`](crate::PerCpu::reset_remote) drops it and empties the cell.
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
// The state comes first, because a load-acquire takes no immediate offset.
#[repr(C)]
pub struct PerCpuOnce<T> {
    state: AtomicU8,
    value: Place<MaybeUninit<T>>,
}

// SAFETY: rule 7, one context moves the value in, and another one may drop it.
unsafe impl<T: Send> Send for PerCpuOnce<T> {}
// SAFETY: rules 7 and 16, other CPUs get `&T`, and may be those that move the value in.
unsafe impl<T: Send + Sync> Sync for PerCpuOnce<T> {}

impl<T> PerCpuOnce<T> {
    constructor! {
        /// Creates an empty cell.
        #[inline]
        pub const fn new() -> Self {
            Self {
                state: AtomicU8::new(EMPTY),
                value: Place::new(MaybeUninit::uninit()),
            }
        }
    }

    /// Returns the value if it is initialized.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        (self.state.load(Ordering::Acquire) == READY).then(|| {
            // SAFETY: rule 15, Ready was acquired, and nothing writes the value from then on.
            self.value
                .with(|value| unsafe { (*value).assume_init_ref() })
        })
    }

    /// Returns the value, after initializing it with `make` at the first use. If `make` panics, the cell
    /// stays empty.
    ///
    /// # Panics
    ///
    /// If the value is being initialized: by the context that this one interrupted, by `make` itself, or by
    /// another CPU.
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
    /// Returns `value` if the cell is full or is being filled.
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

/// The exclusive right to fill a cell. If the initializer panics, the drop makes the cell empty again.
struct Claim<'cell, T>(&'cell PerCpuOnce<T>);

impl<'cell, T> Claim<'cell, T> {
    fn fill(self, value: T) -> &'cell T {
        let cell = self.0;
        core::mem::forget(self);
        // SAFETY: rule 15, the state is Busy, so only this context accesses the value until Ready.
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
        // `&mut self`: all other accesses happened before, so a relaxed load is enough.
        if self.state.load(Ordering::Relaxed) == READY {
            // SAFETY: rule 15, the state is Ready, and the borrow is exclusive.
            self.value
                .with_mut(|value| unsafe { (*value).assume_init_drop() });
        }
    }
}
