//! [`percpu-hv`](percpu_hv) with the names of `percpu` 0.4; with `custom-base` those of 0.4.3,
//! whose `init` is that of 0.2.

#![no_std]

// The expansion says `::percpu`, also in this crate's own tests.
extern crate self as percpu;

pub use percpu_hv::__priv::compat::{
    init_in_place, init_percpu_reg, percpu_area_base, percpu_area_num,
};
#[cfg(all(feature = "custom-base", not(feature = "sp-naive")))]
pub use percpu_hv::__priv::{PerCpuData, compat::init_once as init, def_percpu_data as def_percpu};
#[cfg(not(all(feature = "custom-base", not(feature = "sp-naive"))))]
pub use percpu_hv::__priv::{compat::init, def_percpu_compat as def_percpu};
#[doc(hidden)]
pub use percpu_hv::{__data, __priv, __variable};
pub use percpu_hv::{
    InitError, percpu_area_layout_expected, percpu_area_size, read_percpu_reg, write_percpu_reg,
};
