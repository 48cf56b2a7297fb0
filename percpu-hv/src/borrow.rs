//! The flag that tells a nested `with_current` on one variable.

use crate::scalar::{load_at, store_at};

/// Where a variable's flag is, and the variable's name.
pub type Flag = (usize, &'static str);

/// Marks a copy as borrowed, and keeps the flag's address: it clears the CPU that it marked.
pub(crate) struct Borrow(usize);

impl Borrow {
    /// # Safety
    ///
    /// `flag` is the address of a variable's flag in an area (rule 3 of docs/safety.md), and the
    /// context stays on that area's CPU.
    #[inline]
    #[track_caller]
    pub(crate) unsafe fn new(flag: usize, name: &'static str) -> Self {
        // SAFETY: rule 3. No read-modify-write: a handler in between leaves the flag as it was.
        unsafe {
            assert_free(flag, name);
            store_at(flag, true);
        }
        Self(flag)
    }
}

impl Drop for Borrow {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: rule 3, `new` was given the flag.
        unsafe { store_at(self.0, false) };
    }
}

/// Panics if the copy is borrowed.
///
/// # Safety
///
/// As [`Borrow::new`].
#[inline]
#[track_caller]
pub(crate) unsafe fn assert_free(flag: usize, name: &'static str) {
    // SAFETY: rule 3.
    if unsafe { load_at::<bool>(flag) } {
        refuse(name);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(name: &'static str) -> ! {
    panic!(
        "the per-CPU variable `{name}` is borrowed on this CPU already: `with_current` runs inside \
         `with_current` on it, or in a handler that interrupted one; put a `RefCell` or atomics in \
         the variable"
    )
}

/// Emits a variable's flag, in a section of its own since the storage is exactly the type.
#[cfg(any(debug_assertions, feature = "borrow-check"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __borrow_flag {
    (Checked $name:ident) => {
        #[inline(always)]
        fn flag() -> ::core::option::Option<$crate::__priv::Flag> {
            $crate::__storage! { flags [] {static mut} FLAG: ::core::primitive::bool = false; }
            ::core::option::Option::Some(($crate::__displacement!(FLAG), ::core::stringify!($name)))
        }
    };
    (Percpu $name:ident) => {};
}

/// Nothing: nested borrows are not looked for.
#[cfg(not(any(debug_assertions, feature = "borrow-check")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __borrow_flag {
    ($rules:ident $name:ident) => {};
}
