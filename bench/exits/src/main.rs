//! Counts the instructions of an exit from a guest. On each core a stub at EL1 does hypercalls. EL2 handles them in the
//! same way with each crate: only the per-CPU accesses differ.
//!
//! QEMU's option `-icount shift=0` lets one nanosecond pass with each instruction of any core, and the counter of
//! `-cpu max` counts nanoseconds.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod by_hand;
#[cfg(target_os = "none")]
mod cores;
#[cfg(target_os = "none")]
mod exit;
#[cfg(target_os = "none")]
mod guest;
#[cfg(target_os = "none")]
mod image;
#[cfg(target_os = "none")]
mod with_percpu;
#[cfg(target_os = "none")]
mod with_percpu_hv;

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("exits is a bare-metal image: cargo run --package bench -- measure exits");
    std::process::exit(2);
}
