//! [`percpu-hv`](percpu_hv) with the names of `percpu` 0.3.

#![no_std]

// The expansion says `::percpu`, also in this crate's own tests.
extern crate self as percpu;

pub use percpu_hv::__priv::compat::{
    init, init_in_place, init_percpu_reg, percpu_area_base, percpu_area_num,
};
pub use percpu_hv::__priv::def_percpu_compat as def_percpu;
#[doc(hidden)]
pub use percpu_hv::{__priv, __variable};
pub use percpu_hv::{
    InitError, percpu_area_layout_expected, percpu_area_size, read_percpu_reg, write_percpu_reg,
};
