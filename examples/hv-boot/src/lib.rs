//! A hypervisor's boot stub: everything that a small bare-metal image needs to have all cores of
//! a QEMU machine run Rust, AArch64 at EL2 first of all, and no more.
//!
//! # Writing an image
//!
//! ```text
//! #![no_std]
//! #![no_main]
//!
//! use hv_boot::{ExitCode, Machine, println};
//!
//! hv_boot::main!(main);
//!
//! // Runs on the boot core, which is CPU 0: MMU, caches and console are on, the others are off.
//! fn main(machine: &'static Machine) -> ExitCode {
//!     percpu_hv::init_in_place().expect("the areas of this image");
//!     // Starts the other cores on first use; returns when every core is back.
//!     machine.run_on_all(|cpu| {
//!         percpu_hv::init_percpu_reg(cpu.id());
//!         println!("cpu {} of {}, {}", cpu.id(), machine.cpu_count(), cpu.level());
//!     });
//!     ExitCode::SUCCESS
//! }
//! ```
//!
//! The library brings the entry point `_start`, the stacks, the vector table and the panic handler;
//! `src/platform/<architecture>/image.ld` is the linker script (this package's binaries get it from
//! `build.rs`; an image that is a static library is linked with it by `-T`, with percpu-hv's
//! `percpu.x` on the search path).
//!
//! Interrupts are masked until a core asks for them: [`interrupts`] has its timer call a function.
//!
//! # How an image ends
//!
//! | status | when |
//! |---|---|
//! | 0..=255 | `main` returned that `ExitCode`, or `ExitCode::exit` was called on any core |
//! | 101, `ExitCode::PANIC` | a panic on any core: message, location and CPU are on the console |
//! | 102, `ExitCode::EXCEPTION` | an unexpected exception on any core: its syndrome is on the console |
//! | 103, `ExitCode::BOOT` | the wrong privilege level, or firmware tables that lack something |
//!
//! QEMU passes the status on, but on LoongArch64, where any failure arrives as 1, and on x86_64, where a
//! failing status `s` arrives as the low 8 bits of `s << 1 | 1`.
//!
//! Waits are bounded (`wait_until`), so that a core that never arrives is a panic with a sentence.
//!
//! # Another architecture
//!
//! One directory `platform/<architecture>/` with what `platform/mod.rs` lists; nothing else changes.
//!
//! On any other target than bare metal this crate is empty, apart from the unit tests of its pure parts.
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
mod boot_cell;
#[cfg(target_os = "none")]
mod console;
#[cfg(target_os = "none")]
mod cores;
#[cfg(target_os = "none")]
pub mod demo;
#[cfg(target_os = "none")]
mod exit;
#[cfg(target_os = "none")]
pub mod interrupts;
#[cfg(target_os = "none")]
mod machine;
#[cfg(any(target_os = "none", test))]
mod memory;
#[cfg(target_os = "none")]
mod platform;
#[cfg(target_os = "none")]
pub mod selftest;
#[cfg(target_os = "none")]
mod wait;

#[cfg(target_os = "none")]
pub use self::{
    console::print,
    cores::Cpu,
    exit::ExitCode,
    machine::{MAX_CPUS, Machine},
    wait::{Deadline, wait_until},
};
#[cfg(target_os = "none")]
pub use conformance::Areas;

/// Names the image's `main`: a `fn(&'static Machine) -> ExitCode` that runs on the boot core.
#[macro_export]
macro_rules! main {
    ($main:path) => {
        #[unsafe(no_mangle)]
        fn __hv_boot_main(machine: &'static $crate::Machine) -> $crate::ExitCode {
            let main: fn(&'static $crate::Machine) -> $crate::ExitCode = $main;
            main(machine)
        }
    };
}

/// Prints to the console, from any core; lines of different cores do not mix.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => {
        $crate::print(::core::format_args!($($argument)*))
    };
}

/// Prints a line to the console, from any core; lines of different cores do not mix.
#[macro_export]
macro_rules! println {
    () => {
        $crate::print(::core::format_args!("\n"))
    };
    ($($argument:tt)*) => {
        $crate::print(::core::format_args!("{}\n", ::core::format_args!($($argument)*)))
    };
}
