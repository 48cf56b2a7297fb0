//! `sp-naive`: one CPU, so a variable is a plain global, and its displacement is its address.
//!
//! There is no per-CPU register, and every CPU id names the one CPU.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::error::InitError;

#[inline(always)]
pub(crate) const fn register_for_access() -> usize {
    0
}

pub(crate) use register_for_access as register_for_pin;

pub(crate) const fn register() -> Option<usize> {
    Some(0)
}

/// Does nothing: there is no per-CPU register.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
pub(crate) const unsafe fn set_register(_value: usize) {}

/// Does nothing: there is no per-CPU register.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
#[cfg(hosted)]
pub(crate) const unsafe fn replace_register(value: Option<usize>) -> Option<usize> {
    value
}

pub(crate) const REGISTER_IS_IN_AREA: bool = false;

pub(crate) const HOT_REACH: Option<usize> = None;

pub(crate) const fn assert_register_accessible() {}

pub(crate) use assert_register_accessible as assert_register_is_own;

#[cfg(not(process))]
pub(crate) const fn hardware_id() -> Option<usize> {
    None
}

pub(crate) const fn memory_is_normal() -> bool {
    true
}

/// Accepts any: an access names the one copy.
pub(crate) const fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
    Ok(())
}

/// Whether the values of variables with the option `init` are made.
static MADE: AtomicBool = AtomicBool::new(false);

/// Notes that the values of variables with the option `init` are made.
pub(crate) fn set_made() {
    MADE.store(true, Ordering::Release);
}

/// Returns whether the values of variables with the option `init` are made.
pub(crate) fn is_made() -> bool {
    MADE.load(Ordering::Acquire)
}

/// Panics if the values of variables with the option `init` are not made.
#[inline]
#[track_caller]
pub fn assert_made() {
    if !is_made() {
        refuse();
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse() -> ! {
    panic!(
        "the values of per-CPU variables with the option `init` are not made yet; call \
         `percpu_hv::init_in_place()` first"
    );
}

/// Expands to a check of a variable with the option `init`: with one CPU, nothing else keeps accesses after init.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_made {
    () => {
        $crate::__priv::assert_made()
    };
}

/// Emits the storage of a variable, a plain global.
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        $($head)* $name: $ty = $value;
    };
}
