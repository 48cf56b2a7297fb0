//! `sp-naive`: one CPU, whose variables are plain globals; there are no areas. Takes the place of mod.rs.

use core::alloc::Layout;
use core::mem::MaybeUninit;

use crate::InitError;

#[allow(dead_code, reason = "no area is built")]
pub(crate) mod header;
#[allow(dead_code, reason = "no area is built")]
pub(crate) mod owner;
mod storage;

pub use storage::{CacheLine, Page};

/// Bytes of an area: 0, there is none.
pub fn percpu_area_size() -> usize {
    0
}

/// The memory that areas take: 0 bytes, aligned to a cache line.
pub fn percpu_area_layout_expected(_cpu_count: usize) -> Layout {
    const NOTHING: Layout = match Layout::from_size_align(0, 64) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    };
    NOTHING
}

/// The number of CPUs: 1.
pub fn percpu_area_num() -> usize {
    1
}

/// The base that offsets count from: 0, as an offset is an address.
pub fn percpu_area_base(_cpu_id: usize) -> usize {
    0
}

/// Does nothing, successfully, for 1 CPU.
pub fn init_in_place() -> Result<usize, InitError> {
    Ok(1)
}

/// Does nothing, successfully, for 1 CPU; the memory is not used.
///
/// # Safety
///
/// Always safe; `unsafe` as in the other modes.
pub unsafe fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    Ok(1)
}

/// Does nothing, successfully, for 1 CPU; the memory is not used.
pub fn init_from(
    _memory: &'static mut [MaybeUninit<u8>],
    _cpu_count: usize,
) -> Result<usize, InitError> {
    Ok(1)
}

/// Does nothing, successfully, for 1 CPU.
#[cfg(hosted)]
pub fn init_hosted(_cpu_count: usize) -> Result<usize, InitError> {
    Ok(1)
}

/// What offsets count from: an offset is an address.
#[inline(always)]
pub(crate) const fn bias() -> usize {
    0
}

/// Where there would be a template.
pub(crate) const fn start() -> usize {
    0
}

/// The number of CPUs with variables: 1.
pub(crate) const fn count() -> usize {
    1
}

/// What offsets count from: 0; the number of CPUs for another one.
pub(crate) const fn register(cpu_id: usize) -> Result<usize, usize> {
    if cpu_id == 0 { Ok(0) } else { Err(1) }
}

/// What offsets count from: 0.
///
/// # Safety
///
/// None is needed; `unsafe` as in the other modes.
pub(crate) const unsafe fn register_unchecked(_cpu: usize) -> usize {
    0
}

/// What offsets count from: 0.
pub(crate) const fn checked_register(_cpu_id: usize) -> usize {
    0
}

/// The one CPU.
pub(crate) const fn cpu_at(_base: usize) -> Option<usize> {
    Some(0)
}

/// Refused: there is no template to build from.
///
/// # Errors
///
/// Always `TemplateInUse`.
///
/// # Safety
///
/// None is needed; `unsafe` as in the other modes.
pub(crate) const unsafe fn rebuild(_cpu: usize) -> Result<(), InitError> {
    Err(InitError::TemplateInUse)
}

/// Emits a variable's storage, which is the variable.
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        $($head)* $name: $ty = $value;
    };
}
