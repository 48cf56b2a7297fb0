//! Puts percpu-hv in the place of percpu in published crates, builds them, and runs them.
//!
//! `packages/` holds what depends on the published crates, at fixed versions and each with its own
//! lock file. Their sources come through cargo: none is copied into the project. What is made of
//! them is below `target/dropin`, which all builds share.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/migration.md")]
mod guide {}
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

mod kernel;
mod package;
mod places;
mod published;
mod swap;

pub use links::tools::root;

pub use self::{
    kernel::{Arch, Kernel, PERCPU, unpatched},
    package::Package,
    places::{copy_directory, staging},
    published::{patched, tests_of_percpu},
    swap::swapped,
};
