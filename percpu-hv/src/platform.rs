//! Areas that are the platform's: feature `custom-base` on bare metal.
//!
//! It makes and fills them, and gives their addresses by `_percpu_base_ptr`; init has nothing to
//! do. Takes the place of init.rs.

use core::mem::MaybeUninit;

use crate::{CpuId, InitError, arch, section, write_percpu_reg};

unsafe extern "C" {
    /// The platform's: the base of the area of a CPU.
    safe fn _percpu_base_ptr(cpu_id: usize) -> *mut u8;
}

/// Does nothing: the areas are the platform's. Their number is not known, so it returns 0.
///
/// # Errors
///
/// None.
pub fn init_in_place() -> Result<usize, InitError> {
    Ok(0)
}

/// Refuses: the areas are the platform's.
///
/// # Errors
///
/// `PlatformAreas`.
///
/// # Safety
///
/// Always safe; `unsafe` as in the other modes.
pub unsafe fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    Err(InitError::PlatformAreas)
}

/// Refuses: the areas are the platform's.
///
/// # Errors
///
/// `PlatformAreas`.
pub fn init_from(
    _memory: &'static mut [MaybeUninit<u8>],
    _cpu_count: usize,
) -> Result<usize, InitError> {
    Err(InitError::PlatformAreas)
}

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

/// Refuses: the number of CPUs is not known.
///
/// # Errors
///
/// `PlatformAreas`.
pub fn claim_percpu_reg(_cpu_id: usize) -> Result<CpuId, InitError> {
    Err(InitError::PlatformAreas)
}

/// Refuses: the areas are the platform's.
///
/// # Errors
///
/// `PlatformAreas`.
///
/// # Safety
///
/// Always safe; `unsafe` as in the other modes.
pub unsafe fn reinit_percpu_area(_cpu: CpuId) -> Result<(), InitError> {
    Err(InitError::PlatformAreas)
}

/// What `init_percpu_reg` does: whose the id is, only the platform knows.
#[track_caller]
pub(crate) fn enter(cpu_id: usize) {
    let base = percpu_area_base(cpu_id);
    assert_reach();
    // SAFETY: rule 2, the base of an area; the id is the caller's.
    unsafe { write_percpu_reg(base) };
}

/// What `resume_percpu_reg` does: the same.
///
/// # Safety
///
/// This CPU had the id, and no other CPU uses it (rule 2 of docs/safety.md).
#[track_caller]
pub(crate) unsafe fn enter_again(cpu_id: usize) {
    enter(cpu_id);
}

/// What the per-CPU register of a CPU holds.
pub(crate) fn register_of(cpu: CpuId) -> usize {
    checked_register_of(cpu.index())
}

/// What the per-CPU register of CPU `cpu_id` holds.
#[inline]
#[track_caller]
pub(crate) fn checked_register_of(cpu_id: usize) -> usize {
    percpu_area_base(cpu_id).wrapping_sub(arch::bias())
}

/// 0: only the platform knows how many CPUs have an area, so there is no [`CpuId`].
pub(crate) const fn initialized() -> usize {
    0
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(cpu_id: usize) -> ! {
    panic!("the platform's `_percpu_base_ptr` has no per-CPU area for CPU id {cpu_id}")
}

/// Panics unless accesses reach where the platform's script put the variables, which no init checks.
#[track_caller]
pub(crate) fn assert_reach() {
    // The size is not known: such a script need not say where the template ends.
    if let Err(error) = section::check_reach(section::start(), 0) {
        panic!("{error}");
    }
}

/// The init functions of the compat crates.
pub mod compat {
    pub use super::{init_in_place, percpu_area_base};
    use crate::{InitError, arch};

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

    /// Whether the register is a guest's is not checked.
    #[track_caller]
    pub fn init_percpu_reg(cpu_id: usize) {
        arch::assert_register_accessible();
        super::enter(cpu_id);
    }

    pub use self::init_percpu_reg as init_percpu_reg_early;
}
