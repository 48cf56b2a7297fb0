//! x86_64 on QEMU's `q35` or `pc` machine: PVH boot protocol, 16550 UART, local APIC, ACPI.
//!
//! Ring 0. QEMU needs `-device isa-debug-exit,iobase=0xf4,iosize=4`: status 0 ends QEMU with 0, by ACPI, and any
//! other with `status << 1 | 1`, by that device.
//! Words in quotes are headings of the Intel 64 and IA-32 Architectures Software Developer's Manual (SDM), volume 3A
//! if no other is named; section numbers are those of the ACPI Specification 6.5.

mod acpi;
mod apic;
mod base;
mod entry;
mod exceptions;
mod guest;
mod interrupts;
mod nmi;
mod paging;
mod physical;
mod power;
mod pvh;
mod secondary;
mod segments;
mod timer;
mod uart;

use raw_cpuid::CpuId;
use x86_64::instructions::segmentation::{CS, Segment};

pub(crate) use self::{
    guest::virtualizations,
    interrupts::{disable_interrupts, enable_interrupts, reserve},
    nmi::send_nmi,
    power::exit,
    secondary::start_core,
    timer::{disable_timer, enable_timer, set_timer, ticks, ticks_per_second},
    uart::write,
};
pub(crate) use super::common::no_steps as step;

/// The size of a page.
const PAGE: usize = 4096;

/// The number that identifies a core.
pub(crate) const HARDWARE_ID: &str = "APIC id";

/// This core's APIC id, as ACPI and inter-processor interrupts name cores: 32 bits by CPUID leaf 0BH, or 8 bits by leaf
/// 01H ("Consistency of APIC IDs and CPUID").
pub(crate) fn hardware_id() -> u64 {
    let cpuid = CpuId::new();
    let topology = cpuid.get_extended_topology_info();
    match topology.and_then(|mut levels| levels.next()) {
        Some(level) => level.x2apic_id().into(),
        None => cpuid
            .get_feature_info()
            .map_or(0, |features| features.initial_local_apic_id().into()),
    }
}

/// The privilege level of this core, `CS.CPL` ("Privilege Levels").
pub(crate) fn privilege() -> &'static str {
    ["ring 0", "ring 1", "ring 2", "ring 3"][CS::get_reg().rpl() as usize]
}

/// Whether locked instructions work: always, and Rust code runs with the MMU on.
pub(crate) fn caches_are_on() -> bool {
    true
}

/// Waits a moment. There is no event to wait for: interrupts are masked.
pub(crate) fn wait_for_event() {
    core::hint::spin_loop();
}

/// Tells the cores in [`wait_for_event`], which look by themselves.
pub(crate) fn send_event() {}
