//! Areas that are the platform's: feature `custom-base` on bare metal.
//!
//! The platform makes and fills them, and gives their addresses by `_percpu_base_ptr`; there is nothing left to init,
//! and the number of CPUs is not known. Takes the place of init.rs.

use crate::area::{bias, template};
use crate::cpu::write_percpu_reg;
use crate::{InitError, arch};

unsafe extern "C" {
    /// The platform's: the base of the area of a CPU.
    safe fn _percpu_base_ptr(cpu_id: usize) -> *mut u8;
}

/// Does nothing: the areas are the platform's. Their number is not known, so it returns 0.
pub fn init_in_place() -> Result<usize, InitError> {
    Ok(0)
}

/// Refuses: the areas are the platform's.
///
/// # Errors
///
/// `PlatformAreas`.
pub fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    Err(InitError::PlatformAreas)
}

/// Does nothing; as there, 0.
pub fn init_once() -> usize {
    0
}

/// Does nothing.
pub fn init_for(_max_cpu_num: usize) {}

/// 0: only the platform knows how many CPUs have an area.
pub fn percpu_area_num() -> usize {
    0
}

/// The base of the area of CPU `cpu_id`, as the platform's `_percpu_base_ptr` gives it.
///
/// # Panics
///
/// If that gives none.
#[inline]
#[track_caller]
pub fn percpu_area_base(cpu_id: usize) -> usize {
    let base = _percpu_base_ptr(cpu_id).expose_provenance();
    if base == 0 {
        refuse(cpu_id);
    }
    base
}

pub use self::percpu_area_base as percpu_area_base_early;

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(cpu_id: usize) -> ! {
    panic!("the platform's `_percpu_base_ptr` has no per-CPU area for CPU id {cpu_id}")
}

/// What the per-CPU register of CPU `cpu_id` holds.
#[inline]
#[track_caller]
pub(crate) fn register_of(cpu_id: usize) -> usize {
    percpu_area_base(cpu_id).wrapping_sub(bias())
}

/// Writes the per-CPU register. Whose the id is, and whether the register is a guest's, is not checked.
///
/// # Panics
///
/// If the platform has no such area, and if accesses do not reach where its script put the variables, which no init
/// checks.
#[track_caller]
pub fn init_percpu_reg(cpu_id: usize) {
    arch::assert_register_accessible();
    let base = percpu_area_base(cpu_id);
    // The size is not known: such a script need not say where the template ends.
    if let Err(error) = template::check_reach(template::start(), 0) {
        panic!("{error}");
    }
    // SAFETY: rule 2, the base of an area; the id is the caller's.
    unsafe { write_percpu_reg(base) };
}

pub use self::init_percpu_reg as init_percpu_reg_early;
