//! The platform: an architecture on one of QEMU's machines. Each defines the same names:
//!
//! | name | what |
//! |---|---|
//! | `_start` | the entry point: ends in `extern "Rust" fn __hv_boot_main` |
//! | `start_core(id, hardware_id)` | starts a core, which ends in `serve(id)` |
//! | `switch_off()`, `is_off(hardware_id)` | switches this core off; returns whether another one is (AArch64 only) |
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
//! | `step(f)` | `interrupts::step`, which calls `stepped()`; `None` without single steps |
//! | `set_timer(u64)` | after so many `ticks()` one interrupt, which calls `timer_expired()` |
//! | `send_nmi()` | `interrupts::send_nmi`, which calls `nmi_taken()`; `false` without such an interrupt |
//! | `virtualizations()` | the ways to run a guest on this core: `guests::virtualizations` |

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
pub(crate) mod wait;

pub(crate) use imp::{
    HARDWARE_ID, caches_are_on, disable_interrupts, disable_timer, enable_interrupts, enable_timer,
    exit, hardware_id, privilege, reserve, send_event, send_nmi, set_timer, start_core, step,
    ticks, ticks_per_second, virtualizations, wait_for_event, write,
};

#[cfg(target_arch = "aarch64")]
pub use common::tables::Tables;
#[cfg(target_arch = "aarch64")]
pub use imp::LoadedCode;
#[cfg(target_arch = "aarch64")]
pub(crate) use imp::{is_off, switch_off};

use core::fmt;

use percpu_hv::def_percpu;

use crate::{
    exit_code::ExitCode,
    machine::{MACHINE, Machine},
};

/// How many interrupts this CPU took. The vectors count them, in assembly.
#[def_percpu]
pub(crate) static TAKEN: u64 = 0;

/// An exclusive load and its store, with a count that handlers change.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    /// Whether the store stored, since nothing had ended the reservation.
    pub held: bool,
    /// The count right after the load.
    pub at_load: usize,
    /// The count right before the store.
    pub at_store: usize,
}

/// A way to run a guest: a few instructions at the level below this core's. They write [`GUEST_VALUE`] to every
/// register that they can write and that could be a per-CPU register, and mask all interrupts that they can mask.
#[derive(Debug)]
pub struct Virtualization {
    /// What the manual calls it.
    pub name: &'static str,
    /// Whether the guest writes the register that this image's variables use, so that the exit must restore it.
    pub guest_writes_register: bool,
    /// Which interrupts end a run.
    pub interrupts: Interrupts,
    /// Runs the guest, which goes round a loop so many times and then calls its hypervisor. Returns at the first exit.
    pub run: fn(turns: usize) -> Exit,
    /// The same, with a non-maskable interrupt sent to this core at the exit, before its register is restored. Only
    /// where the core has such interrupts and the guest writes the register.
    pub run_with_nmi: Option<fn(turns: usize) -> Exit>,
}

/// Which interrupts end the run of a guest that masks all of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    /// All, whatever the hypervisor masks.
    All,
    /// Those that the hypervisor does not mask.
    Unmasked,
    /// None: they are the guest's.
    None,
}

/// What a guest writes to the registers: an address of the lower half that no area has.
pub const GUEST_VALUE: usize = 0x5a5a_5a50;

/// An exit of a guest.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// Whether an interrupt ended the run, before the guest called.
    pub interrupted: bool,
    /// The per-CPU register as the exit found it, before anything restored it.
    pub register: usize,
    /// The guest's register of that purpose.
    pub guests: usize,
}

// What a platform calls: the floors above define it.
unsafe extern "Rust" {
    /// The image's main function, by the macro [`main!`](crate::main!); then it stops the machine.
    #[link_name = "__hv_boot_main"]
    safe fn image_main(machine: &'static Machine) -> !;
    /// `exit.rs`: reports a failure, and stops the machine.
    #[link_name = "__hv_boot_fail"]
    safe fn fail(code: ExitCode, reason: fmt::Arguments<'_>) -> !;
    /// `interrupts.rs`: what this core's timer interrupt calls, with interrupts masked.
    #[link_name = "__hv_boot_timer_expired"]
    safe fn timer_expired();
    /// `interrupts.rs`: what a step of this core calls.
    #[cfg(target_arch = "aarch64")]
    #[link_name = "__hv_boot_stepped"]
    safe fn stepped();
    /// `interrupts.rs`: what an interrupt calls that no mask stops; whether one was awaited.
    #[cfg(not(any(target_arch = "arm", target_arch = "loongarch64")))]
    #[link_name = "__hv_boot_nmi_taken"]
    safe fn nmi_taken() -> bool;
}

unsafe extern "C" {
    /// `cores.rs`: the loop of a secondary core with its MMU on.
    #[link_name = "__hv_boot_serve"]
    safe fn serve(id: usize) -> !;
    /// `exit.rs`: stops the machine after an exception in the report of another one.
    #[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
    #[link_name = "__hv_boot_give_up"]
    safe fn give_up() -> !;
}

/// The end of every platform's boot: keeps the machine, lets the platform `prepare` for its other cores, runs the
/// image, and stops the machine. `read` is what the firmware's tables say: the machine, and what only the platform
/// needs.
///
/// # Safety
///
/// Called once, by the boot core, before any other core runs.
unsafe fn run_image<D, E: fmt::Display>(
    read: Result<(Machine, D), E>,
    prepare: impl FnOnce(&'static Machine, D),
) -> ! {
    let (machine, description) = match read {
        // SAFETY: rule 11: the caller's promise.
        Ok((machine, description)) => (unsafe { MACHINE.keep(machine) }, description),
        Err(error) => fail(ExitCode::BOOT, format_args!("{error}")),
    };
    prepare(machine, description);
    image_main(machine)
}
