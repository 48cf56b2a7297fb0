//! RISC-V on QEMU's `virt` machine, under OpenSBI: 16550 UART, SBI, device tree, SiFive's test device.
//!
//! S-mode, which is HS-mode where the harts have the hypervisor extension; without paging, so there are no guard
//! pages. Words in quotes are headings of the RISC-V Instruction Set Manual, volume 2, if no other book is named.
//! `tp` holds the hart id: no register of S-mode shows it, and compiled code leaves `tp` alone.

mod device_tree;
mod devices;
mod entry;
mod exceptions;
mod guest;
mod harts;
mod interrupts;
mod nmi;
mod power;
mod timer;

use core::{arch::asm, fmt};

use sbi_rt::SbiRet;

pub(super) use self::devices::{VIRT_UART, device};
pub(crate) use self::{
    guest::virtualizations,
    harts::{send_event, start_core, wait_for_event},
    interrupts::{disable_interrupts, enable_interrupts, reserve},
    nmi::send_nmi,
    power::exit,
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
};
pub(crate) use super::common::{no_steps as step, ns16550::write};

/// What SBI answers if it does not do what it was asked.
pub(crate) struct Refusal(SbiRet);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SBI error {}", self.0.error as isize)
    }
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
