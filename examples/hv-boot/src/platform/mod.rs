//! The platform: an architecture on one of QEMU's machines. Each defines the same names:
//!
//! | name | what |
//! |---|---|
//! | `_start` | the entry point: ends in `extern "Rust" fn __hv_boot_main` |
//! | `Description` | what the platform needs of the firmware's tables |
//! | `start_core(&Machine, id, hardware_id)` | starts a core, which ends in `cores::serve(id)` |
//! | `write(Arguments)` | prints, without a lock |
//! | `exit(u8)` | stops the machine with a status |
//! | `hardware_id()`, `HARDWARE_ID` | the running core's hardware id, and its name in the manual |
//! | `privilege()` | the running core's privilege level |
//! | `caches_are_on()` | whether exclusive instructions work |
//! | `ticks()`, `ticks_per_second()` | a counter that all cores share |
//! | `wait_for_event()`, `send_event()` | sleep until another core sends an event; send one |
//! | `enable_interrupts()`, `disable_interrupts()` | unmask and mask this core's interrupts; at first they are masked |
//! | `enable_timer()`, `disable_timer()` | switch this core's timer interrupt on and off; at first it is off |
//! | `reserve(word, count, turns)` | `interrupts::reserve`; `None` without exclusive loads |
//! | `step(f)` | `interrupts::step`, which calls `interrupts::stepped()`; `None` without single steps |
//! | `set_timer(u64)` | after so many `ticks()` one interrupt, which calls `interrupts::timer_expired()` |

mod common;
#[cfg_attr(target_arch = "aarch64", path = "aarch64/mod.rs")]
#[cfg_attr(target_arch = "arm", path = "arm/mod.rs")]
#[cfg_attr(target_arch = "loongarch64", path = "loongarch64/mod.rs")]
#[cfg_attr(
    any(target_arch = "riscv32", target_arch = "riscv64"),
    path = "riscv/mod.rs"
)]
#[cfg_attr(target_arch = "x86_64", path = "x86_64/mod.rs")]
mod imp;

pub(crate) use imp::{
    Description, HARDWARE_ID, caches_are_on, disable_interrupts, disable_timer, enable_interrupts,
    enable_timer, exit, hardware_id, privilege, reserve, send_event, set_timer, start_core, step,
    ticks, ticks_per_second, wait_for_event, write,
};

use core::fmt;

use crate::{
    exit::{ExitCode, fail},
    machine::Machine,
};

unsafe extern "Rust" {
    /// The image's main function, by the macro [`main!`](crate::main!).
    #[link_name = "__hv_boot_main"]
    safe fn image_main(machine: &'static Machine) -> ExitCode;
}

/// The end of every platform's boot: keeps the machine, lets the platform `prepare` for its other cores, runs the
/// image, and stops the machine.
///
/// # Safety
///
/// Called once, by the boot core, before any other core runs.
unsafe fn run_image<E: fmt::Display>(
    machine: Result<Machine, E>,
    prepare: impl FnOnce(&'static Machine),
) -> ! {
    let machine = match machine {
        // SAFETY: rule 11: the caller's promise.
        Ok(machine) => unsafe { machine.publish() },
        Err(error) => fail(ExitCode::BOOT, format_args!("{error}")),
    };
    prepare(machine);
    image_main(machine).exit()
}
