//! The init functions with `sp-naive`: one CPU, and no areas. Replaces init.rs.

pub(crate) use crate::area::checked_register as register_of;
pub use crate::area::{
    init_in_place, percpu_area_base, percpu_area_base as percpu_area_base_early, percpu_area_num,
};
use crate::error::InitError;

/// Does nothing, and returns 1. The memory is not used.
pub fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    Ok(1)
}

/// Does nothing, and returns 1, as `percpu` does.
pub fn init_once() -> usize {
    1
}

/// Does nothing.
pub fn init_for(_max_cpu_num: usize) {}

/// Does nothing: there is no per-CPU register.
pub fn init_percpu_reg(_cpu_id: usize) {}

pub use self::init_percpu_reg as init_percpu_reg_early;
