//! A hypervisor's boot stub: it boots all cores of a QEMU machine to Rust, on AArch64 at EL2 and on five other
//! architectures.
//!
//! `src/bin/hv-boot.rs` shows how a hypervisor uses percpu-hv. `src/bin/linux` is one that runs Linux, and
//! `src/bin/module` one that loads a module. The other images in `src/bin` test percpu-hv.
//!
//! # Running an image
//!
//! `cargo run` in this directory builds hv-boot for AArch64 and boots it in QEMU:
//!
//! ```text
//! rustup target add aarch64-unknown-none-softfloat
//! cargo run
//! cargo run --release --bin selftest --target x86_64-unknown-none -- --smp 8
//! ```
//!
//! Debian's Rust has no `core` for bare metal; there cargo builds it:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo run -Zbuild-std=core,alloc
//! ```
//!
//! `scripts/qemu-virt.sh` runs from any directory with either toolchain, and installs what is missing. What follows `--`
//! are options of that script: its `--help` lists them.
//!
//! # A guest
//!
//! The image `linux` is a small partitioning hypervisor: on AArch64 it boots Debian's unmodified Linux at EL1 on all
//! cores. Its vector finds the core's vCPU, and counts the exits, by percpu-hv's assembly macros. At the end it prints a
//! table of the exits by CPU and reason.
//!
//! ```text
//! scripts/qemu-virt.sh --bin linux
//! scripts/qemu-virt.sh --bin linux --smp 8 --cpu max --features vhe
//! ```
//!
//! The script fetches Linux from Debian's archive, and gives it one program to run: `guest/init.c`. The feature `vhe`
//! switches the host extensions of EL2 on (HCR_EL2.E2H), for any image on AArch64.
//!
//! # A module
//!
//! The image `module` loads the crate `hv-module`, one relocatable object, while it runs. It puts the module's per-CPU
//! variables into the areas' reserve, and applies AArch64's relocations.
//!
//! ```text
//! scripts/qemu-virt.sh --bin module
//! ```
//!
//! # Writing an image
//!
//! An image defines its `main` by [`main!`]. The library brings the entry point `_start`, the stacks, the vector table
//! and the panic handler. It calls `main` on the boot core, which is CPU 0, with MMU, caches and console on.
//! `Machine::run_on_all` starts the other cores and runs a function on all of them.
//!
//! `src/platform/<architecture>/image.ld` is the linker script. `build.rs` passes it to the linker for this package's
//! images. An image that is a static library is linked by `-T image.ld`, with percpu-hv's `percpu.x` on the search
//! path.
//!
//! Interrupts are masked until a core unmasks them; `interrupts` has a timer call a function. `guests` runs a few
//! instructions as a guest, where the core has virtualization.
//!
//! # How an image ends
//!
//! | status | when |
//! |---|---|
//! | 0..=255 | `main` returned that `ExitCode`, or a core called `ExitCode::exit` |
//! | 101, `ExitCode::PANIC` | a core panicked: the console shows message, location and CPU |
//! | 102, `ExitCode::EXCEPTION` | an unexpected exception on a core: the console shows its syndrome |
//! | 103, `ExitCode::BOOT` | the wrong privilege level, or firmware tables that lack something |
//!
//! QEMU exits with that status, except on LoongArch64, where it exits with 1 for any failure, and on x86_64, where it
//! exits with the low 8 bits of `status << 1 | 1`.
//!
//! Waits are bounded (`wait_until`): a core that never arrives is a panic that says so.
//!
//! # Another architecture
//!
//! Add a directory `platform/<architecture>/` that defines what `platform/mod.rs` lists, and a row to
//! `scripts/common.sh` and `scripts/qemu-virt.sh`.
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
mod exit;
#[cfg(target_os = "none")]
mod exit_code;
#[cfg(target_os = "none")]
pub mod guests;
#[cfg(target_os = "none")]
pub mod interrupts;
#[cfg(target_os = "none")]
mod machine;
#[cfg(any(target_os = "none", test))]
mod memory;
#[cfg(target_os = "none")]
mod platform;
#[cfg(all(target_os = "none", feature = "selftest"))]
pub mod selftest;

#[cfg(target_os = "none")]
pub use self::{
    console::print,
    cores::Cpu,
    exit_code::ExitCode,
    machine::{MAX_CPUS, Machine},
    platform::wait::{Deadline, wait_until},
};
#[cfg(all(target_os = "none", feature = "selftest"))]
pub use conformance::Areas;
#[cfg(all(target_os = "none", target_arch = "aarch64"))]
pub use platform::{LoadedCode, Tables};

/// Defines the image's `main`: a `fn(&'static Machine) -> ExitCode`, or a closure, that runs on the boot core.
#[cfg(target_os = "none")]
#[macro_export]
macro_rules! main {
    ($main:expr) => {
        #[unsafe(no_mangle)]
        fn __hv_boot_main(machine: &'static $crate::Machine) -> ! {
            let main: fn(&'static $crate::Machine) -> $crate::ExitCode = $main;
            main(machine).exit()
        }
    };
}

/// Defines a program of the host that says that the image needs bare metal.
#[cfg(not(target_os = "none"))]
#[macro_export]
macro_rules! main {
    ($main:expr) => {
        fn main() {
            let name = env!("CARGO_BIN_NAME");
            eprintln!(
                "{name} is a bare-metal image: scripts/qemu-virt.sh --bin {name} builds and runs it"
            );
            std::process::exit(2);
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
