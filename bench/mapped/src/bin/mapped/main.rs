//! Boots all cores at EL2, gives each tables of its own, in which its area is at the address of the window, and runs
//! the operations there. It prints what the tables take.
//!
//! QEMU's option `-icount shift=0` lets one nanosecond pass with each instruction of any core, and the counter of
//! `-cpu max` counts nanoseconds.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image;
#[cfg(target_os = "none")]
mod tables;

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("mapped is a bare-metal image: cargo run --package bench -- measure mapped");
    std::process::exit(2);
}
