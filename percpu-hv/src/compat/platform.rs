//! Areas that belong to the platform: feature `custom-base` on bare metal. Replaces init.rs.
//!
//! The platform makes and fills the areas, and provides their bases by `_percpu_base_ptr`. Nothing is left to
//! initialize, and the number of CPUs is unknown.

use crate::arch;
use crate::area::{bias, template};
use crate::cpu::write_percpu_reg;
use crate::error::InitError;

unsafe extern "C" {
    /// Returns the base of the area of a CPU. The platform defines this function.
    safe fn _percpu_base_ptr(cpu_id: usize) -> *mut u8;
}

/// Does nothing, because the areas belong to the platform. Returns 0, because their number is unknown.
pub fn init_in_place() -> Result<usize, InitError> {
    Ok(0)
}

/// Refuses, because the areas belong to the platform.
///
/// # Errors
///
/// Always `PlatformAreas`.
pub fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    Err(InitError::PlatformAreas)
}

/// Does nothing, and returns 0, as `percpu` does.
pub fn init_once() -> usize {
    0
}

/// Does nothing.
pub fn init_for(_max_cpu_num: usize) {}

/// Returns 0: only the platform knows how many CPUs have an area.
pub fn percpu_area_num() -> usize {
    0
}

/// Returns the base of the area of CPU `cpu_id`, from the platform's `_percpu_base_ptr`.
///
/// # Panics
///
/// If the platform has no such area.
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

/// Returns the value of the per-CPU register of CPU `cpu_id`.
#[inline]
#[track_caller]
pub(crate) fn register_of(cpu_id: usize) -> usize {
    percpu_area_base(cpu_id).wrapping_sub(bias())
}

/// Writes the per-CPU register. Neither the owner of the id nor the exception level is checked.
///
/// # Panics
///
/// If the platform has no such area, or if accesses do not reach the template where the linker script put it,
/// which no init checks.
#[track_caller]
pub fn init_percpu_reg(cpu_id: usize) {
    arch::assert_register_accessible();
    let base = percpu_area_base(cpu_id);
    // The size is unknown: such a script need not define where the template ends.
    if let Err(error) = template::check_reach(template::start(), 0) {
        panic!("{error}");
    }
    // SAFETY: rule 2, the base of an area; the id is the caller's.
    unsafe { write_percpu_reg(base) };
}

pub use self::init_percpu_reg as init_percpu_reg_early;
