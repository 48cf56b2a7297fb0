//! RISC-V on QEMU's `virt` machine, under OpenSBI: 16550 UART, SBI, device tree, SiFive's test device.
//!
//! S-mode, which is HS-mode where the harts have the hypervisor extension; without paging, so there are no guard
//! pages. Words in quotes are headings of the RISC-V Instruction Set Manual, volume 2, if no other book is named.
//! `tp` holds the hart id: no register of S-mode shows it, and compiled code leaves `tp` alone.

mod device_tree;
mod entry;
mod exceptions;
mod harts;
mod interrupts;
mod power;
mod timer;

use core::{arch::asm, ptr};

pub(crate) use self::{
    harts::{send_event, start_core, wait_for_event},
    interrupts::{disable_interrupts, enable_interrupts, reserve},
    power::exit,
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
};
pub(crate) use super::common::{no_steps as step, ns16550::write};

/// Where QEMU's `virt` machine has its UART, for messages from before the device tree is read.
pub(super) const VIRT_UART: usize = 0x1000_0000;

/// Where the device register at a physical address is reached.
pub(super) fn device<T>(physical: usize) -> *mut T {
    ptr::with_exposed_provenance_mut(physical)
}

/// What is left of the device tree.
#[derive(Debug)]
pub(crate) struct Description {
    /// The physical address of the console's registers.
    uart: usize,
    /// That of the test device's register.
    test: usize,
    /// How often a second the harts' counter changes.
    timebase: usize,
}

/// The number that identifies a core: the hart id.
pub(crate) const HARDWARE_ID: &str = "hart";

/// This core's hart id, as the device tree and SBI name cores; the entry code put it into `tp`.
pub(crate) fn hardware_id() -> u64 {
    let hart: usize;
    // SAFETY: rule 10. Not `pure`: another core has another value.
    unsafe {
        asm!("mv {}, tp", out(reg) hart, options(nomem, nostack, preserves_flags));
    }
    hart as u64
}

/// The mode that SBI starts images in; no register shows it.
pub(crate) fn privilege() -> &'static str {
    "S-mode"
}

/// Atomic instructions work on memory from the start: its attributes do not depend on translation ("Atomicity PMAs").
pub(crate) fn caches_are_on() -> bool {
    true
}
