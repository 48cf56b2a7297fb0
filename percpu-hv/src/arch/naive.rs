//! `sp-naive`: one CPU, so a variable is a plain global and its address its displacement.
//!
//! No register is used, and every CPU id names the one CPU.

use core::alloc::Layout;
use core::mem::MaybeUninit;

use crate::{CpuId, InitError};

#[inline(always)]
pub(crate) const fn register_for_access() -> usize {
    0
}

pub(crate) use register_for_access as register_for_pin;

pub(crate) const HOT_REACH: Option<usize> = None;

#[inline(always)]
pub(crate) const fn bias() -> usize {
    0
}

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

/// The base of the current CPU: 0.
pub fn read_percpu_reg() -> usize {
    0
}

/// Does nothing: there is no per-CPU register.
///
/// # Safety
///
/// Always safe; `unsafe` as in the other modes.
pub unsafe fn write_percpu_reg(_base: usize) {}

/// Does nothing: there is no per-CPU register.
pub fn init_percpu_reg(_cpu_id: usize) {}

/// Does nothing: there is no per-CPU register.
///
/// # Safety
///
/// Always safe; `unsafe` as in the other modes.
pub unsafe fn resume_percpu_reg(_cpu_id: usize) {}

/// CPU 0; there is no per-CPU register.
///
/// # Errors
///
/// `NoSuchCpu` for another one.
pub fn claim_percpu_reg(cpu_id: usize) -> Result<CpuId, InitError> {
    match cpu_id {
        0 => Ok(CpuId::checked(0)),
        _ => Err(InitError::NoSuchCpu {
            cpu_id,
            cpu_count: 1,
        }),
    }
}

/// Refused: there is no template to build the area from.
///
/// # Errors
///
/// Always `TemplateInUse`.
///
/// # Safety
///
/// Always safe; `unsafe` as in the other modes.
pub unsafe fn reinit_percpu_area(_cpu: CpuId) -> Result<(), InitError> {
    Err(InitError::TemplateInUse)
}

/// What offsets count from: 0.
pub(crate) const fn register_of(_cpu: CpuId) -> usize {
    0
}

/// What offsets count from: 0.
pub(crate) const fn checked_register_of(_cpu_id: usize) -> usize {
    0
}

/// The number of CPUs with variables: 1.
pub(crate) const fn initialized() -> usize {
    1
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

/// The init functions of the compat crates.
pub mod compat {
    pub use super::{
        init_in_place, init_percpu_reg, init_percpu_reg as init_percpu_reg_early, percpu_area_base,
    };
    use crate::InitError;

    /// Does nothing, successfully, for 1 CPU; the memory is not used.
    pub fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
        Ok(1)
    }

    /// Does nothing; as there, 1.
    pub fn init_once() -> usize {
        1
    }

    /// Does nothing.
    pub fn init_for(_max_cpu_num: usize) {}
}

/// The address: there is only one copy.
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($symbol:path) => {
        $crate::__address!($symbol)
    };
}

/// The address, exposed, since accesses go through it.
#[doc(hidden)]
#[macro_export]
macro_rules! __address {
    ($symbol:path) => {
        (&raw const $symbol).expose_provenance()
    };
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

/// Nothing: an address in a register is as short.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    ($group:ident $symbol:path, $ty:ty) => {};
}
