//! The init functions with `sp-naive`: one CPU, and no areas. Replaces init.rs.

pub(crate) use crate::area::checked_register as register_of;
pub use crate::area::{
    init_in_place, percpu_area_base, percpu_area_base as percpu_area_base_early, percpu_area_num,
};
use crate::error::InitError;

/// As [`init_in_place`]. The memory is not used.
pub fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    init_in_place()
}

/// Returns 1, as `percpu` does.
pub fn init_once() -> usize {
    let _one = init_in_place();
    1
}

/// As [`init_in_place`].
pub fn init_for(_max_cpu_num: usize) {
    let _one = init_in_place();
}

/// Does nothing: there is no per-CPU register.
pub fn init_percpu_reg(_cpu_id: usize) {}

pub use self::init_percpu_reg as init_percpu_reg_early;
