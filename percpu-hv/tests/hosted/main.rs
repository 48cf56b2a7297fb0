//! A user's own crate under `cargo test`: no linker script, threads as CPUs. With `sp-naive`, what
//! one CPU can show.
//!
//! Tests share the process, hence the areas: each variable belongs to one test, and a test that
//! plays a CPU does it on a thread of its own.
#![cfg(target_os = "linux")]
#![cfg_attr(
    feature = "sp-naive",
    allow(
        clippy::modulo_one,
        clippy::reversed_empty_ranges,
        reason = "there is one CPU"
    )
)]

#[path = "../common/mod.rs"]
mod common;

mod counter;
mod dynamic;
mod elements;
mod exclusive;
mod guards;
mod model;
mod module;
mod once;
mod operations;
#[cfg(not(feature = "sp-naive"))]
mod remote;
#[cfg(not(feature = "sp-naive"))]
mod values;
