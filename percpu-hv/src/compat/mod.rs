//! What only the crates called `percpu` need: the kind of their variables, and their init functions.
//!
//! The feature `custom-base` stands in each file: init differs by it.

mod data;
// With one CPU there are no areas to build.
#[cfg_attr(feature = "sp-naive", path = "naive.rs")]
#[cfg_attr(
    all(feature = "custom-base", not(any(feature = "sp-naive", process))),
    path = "platform.rs"
)]
mod init;
mod kind;

pub use data::PerCpuData;
pub use init::{
    init, init_for, init_in_place, init_once, init_percpu_reg, init_percpu_reg_early,
    percpu_area_base, percpu_area_base_early, percpu_area_num,
};
pub use kind::Percpu;
