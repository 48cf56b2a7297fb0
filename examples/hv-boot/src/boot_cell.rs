//! A static that the boot core fills before any other core runs.

use core::cell::UnsafeCell;

/// Written by the boot core alone, before it starts the others; read by all afterwards. It needs no
/// exclusive instruction, so that it works while the MMU is off.
#[repr(transparent)]
pub(crate) struct BootCell<T>(UnsafeCell<T>);

// SAFETY: rule 11: writes happen while one core runs, and starting a core orders them before its reads.
unsafe impl<T: Send + Sync> Sync for BootCell<T> {}

impl<T> BootCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub(crate) const fn get(&self) -> *mut T {
        self.0.get()
    }
}

impl<T> BootCell<Option<T>> {
    /// Keeps a value for as long as the image runs.
    ///
    /// # Safety
    ///
    /// Called once, by the boot core, before any other core runs.
    pub(crate) unsafe fn keep(&self, value: T) -> &T {
        // SAFETY: rule 11: one core runs, and no reference to the contents exists yet.
        unsafe { (*self.get()).insert(value) }
    }

    /// The value, once it is kept.
    pub(crate) fn kept(&self) -> Option<&T> {
        // SAFETY: rule 11: the contents change once, on the boot core, before another core runs.
        unsafe { &*self.get() }.as_ref()
    }
}
