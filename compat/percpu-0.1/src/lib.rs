//! [`percpu-hv`](percpu_hv) with the names of `percpu` 0.1.

#![no_std]

// The expansion says `::percpu`, also in this crate's own tests.
extern crate self as percpu;

pub use percpu_hv::__priv::compat::{
    init_for as init, init_percpu_reg_early as set_local_thread_pointer,
    percpu_area_base_early as percpu_area_base,
};
pub use percpu_hv::__priv::def_percpu_compat as def_percpu;
#[doc(hidden)]
pub use percpu_hv::{__priv, __variable};
pub use percpu_hv::{percpu_area_size, read_percpu_reg as get_local_thread_pointer};
