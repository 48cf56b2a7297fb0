//! What only the crates called `percpu` need: the kind of their variables, and their init functions. These crates are in
//! compat/ of the repository, and rename the items.
//!
//! Below this room only `Areas::rebuild`, `Kind::CHECKED`, `Kind::register_of`, `InitError::PlatformAreas` and the symbol
//! `__PERCPU_SELF_PTR` are there for it.

mod data;
// There are three versions of init. One CPU has no areas.
#[cfg_attr(feature = "sp-naive", path = "naive.rs")]
#[cfg_attr(
    // The platform makes the areas.
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
