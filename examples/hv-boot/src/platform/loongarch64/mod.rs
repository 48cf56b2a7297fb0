//! LoongArch64 on QEMU's `virt` machine: 16550 UART, inter-processor interrupts, device tree, pvpanic.
//!
//! PLV0, which is also a hypervisor's own level. QEMU needs `-device pvpanic-pci -action panic=exit-failure`:
//! any status but 0 ends QEMU with 1.
//! Words in quotes are headings of the LoongArch Reference Manual, volume 1.

mod boot_tables;
mod device_tree;
mod entry;
mod exceptions;
mod interrupts;
mod ipi;
mod pci;
mod power;
mod secondary;
mod timer;
mod windows;

use loongArch64::register::{cpuid, crmd};

pub(super) use self::windows::{VIRT_UART, device};
pub(crate) use self::{
    interrupts::{disable_interrupts, enable_interrupts, reserve},
    ipi::{send_event, wait_for_event},
    power::exit,
    secondary::start_core,
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
};
pub(crate) use super::common::{
    no_guests as virtualizations, no_nmi as send_nmi, no_steps as step, ns16550::write,
};

/// The number that identifies a core: `CSR.CPUID`.
pub(crate) const HARDWARE_ID: &str = "CPUID";

/// This core's `CSR.CPUID.CoreID`, as the device tree and inter-processor interrupts name cores ("CPU Identity").
pub(crate) fn hardware_id() -> u64 {
    cpuid::read().core_id() as u64 & 0x1ff
}

/// The privilege level of this core, `CSR.CRMD.PLV` ("Current Mode Information").
pub(crate) fn privilege() -> &'static str {
    ["PLV0", "PLV1", "PLV2", "PLV3"][crmd::read().raw() & 3]
}

/// Whether this core's memory accesses go through the cached window, where `ll`/`sc` and `am*` work.
pub(crate) fn caches_are_on() -> bool {
    crmd::read().pg()
}
