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

    /// Reads the value.
    ///
    /// # Safety
    ///
    /// No `&mut T` made from [`get`](Self::get) is alive.
    pub(crate) unsafe fn read(&self) -> &T {
        // SAFETY: rule 5, the caller's promise; the pointer is that of a live static.
        unsafe { &*self.0.get() }
    }
}
