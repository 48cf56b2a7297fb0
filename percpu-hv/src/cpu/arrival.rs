//! CPUs that arrive after init: the table of areas grows by one for each.

use core::mem::MaybeUninit;

use super::id::CpuId;
use crate::area::{append_at, append_from};
use crate::error::InitError;

/// Gives the next CPU an area in `memory`, and returns that CPU's id: its index was the number of areas until now. The
/// areas are those of [`init_from_each`](crate::init_from_each) or [`init_each`](crate::init_each), whose table has a
/// slot left.
///
/// From then on [`CpuId::new`] and [`CpuId::all`] know the CPU, and it can take its area by
/// [`init_percpu_reg`](crate::init_percpu_reg). Any CPU may call this, while others use variables. Calls at the same
/// time wait for each other; with the MMU off, there must be only one.
///
/// The functions of variables with `init` run as the caller does, with interrupts as they are, while nobody knows the
/// area. They add no area themselves. What they make at run time is dropped before the last of them ends. Interrupts
/// are masked for a moment then, while the area is published.
///
/// What `memory` needs is said at [`init_from_each`](crate::init_from_each).
///
/// # Errors
///
/// `NotInitialized`; `NoTable` if the areas are in one block; `TableTooSmall`; `VariablesLive`, if one lives or is made
/// meanwhile; `Busy`, if this CPU is adding an area already: the call is by a function of the option `init`, or by what
/// interrupted that one; `Area`, which names the CPU that would have been added; and any [`InitError`] about the
/// template. No CPU is added then, and values that were made in `memory` are forgotten.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg).
#[track_caller]
pub fn add_area_from(memory: &'static mut [MaybeUninit<u8>]) -> Result<CpuId, InitError> {
    append_from(memory).map(CpuId::expect)
}

/// Gives the next CPU an area at `base`, and returns that CPU's id; all else is as with [`add_area_from`], the safe
/// alternative for memory that Rust knows.
///
/// # Errors
///
/// As [`add_area_from`].
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg).
///
/// # Safety
///
/// As [`init_each`](crate::init_each), for this one area.
#[track_caller]
pub unsafe fn add_area(base: *mut u8) -> Result<CpuId, InitError> {
    // SAFETY: rule 9 is the caller's.
    unsafe { append_at(base) }.map(CpuId::expect)
}
