//! The local APIC, as far as it starts cores: in x2APIC mode where the CPU has it, else in xAPIC mode.

use core::{ops::Range, ptr, sync::atomic};

use raw_cpuid::CpuId;
use x86_64::registers::model_specific::Msr;

use super::paging::PAGE;

/// `IA32_APIC_BASE` ("Local APIC Status and Location", "Detecting and Enabling x2APIC Mode").
const BASE: Msr = Msr::new(0x1b);
const X2APIC_MODE: u64 = 1 << 10;
const ENABLED: u64 = 1 << 11;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// The interrupt command register in x2APIC mode ("ICR Operation in x2APIC Mode").
const X2APIC_COMMAND: Msr = Msr::new(0x830);
/// Its halves in xAPIC mode ("Interrupt Command Register (ICR)").
const COMMAND_LOW: usize = 0x300;
const COMMAND_HIGH: usize = 0x310;

const INIT: u32 = 0b101 << 8;
const STARTUP: u32 = 0b110 << 8;
const ASSERT: u32 = 1 << 14;
/// The APIC has not sent the last command yet; in xAPIC mode only.
const PENDING: u32 = 1 << 12;

/// Switches this core's APIC on, in the mode that all cores use.
pub(super) fn enable() {
    let features = CpuId::new().get_feature_info();
    let mode = match features {
        Some(features) if features.has_x2apic() => X2APIC_MODE,
        _ => 0,
    };
    let mut base = BASE;
    // SAFETY: rule 12: every x86_64 core has the MSR, and the CPU has the mode; nothing else uses the APIC.
    unsafe { base.write(base.read() | ENABLED | mode) };
}

/// The registers of xAPIC mode, if it is on.
pub(super) fn registers() -> Option<Range<usize>> {
    // SAFETY: rule 12: every x86_64 core has the MSR, and reading it has no effect.
    let base = unsafe { BASE.read() };
    let address = (base & ADDRESS) as usize;
    (base & X2APIC_MODE == 0).then_some(address..address + PAGE)
}

/// Resets the core `hardware_id`, which then waits for [`send_startup`] ("MP Initialization Example").
pub(super) fn send_init(hardware_id: u32) {
    send(hardware_id, INIT | ASSERT);
}

/// Starts the core `hardware_id` in real mode at the page with number `page`, if it waits for that.
pub(super) fn send_startup(hardware_id: u32, page: u8) {
    send(hardware_id, STARTUP | ASSERT | u32::from(page));
}

fn send(hardware_id: u32, command: u32) {
    // A write in x2APIC mode may pass earlier stores, which the other core must see ("MSR Access in x2APIC Mode").
    atomic::fence(atomic::Ordering::SeqCst);
    let Some(registers) = registers() else {
        let mut register = X2APIC_COMMAND;
        // SAFETY: rule 12: x2APIC mode is on, and one core at a time starts others.
        unsafe {
            core::arch::x86_64::_mm_lfence();
            register.write(u64::from(hardware_id) << 32 | u64::from(command));
        }
        return;
    };
    assert!(hardware_id < 0xff, "xAPIC mode has 8 bits for an APIC id");
    let register = |offset| ptr::with_exposed_provenance_mut::<u32>(registers.start + offset);
    // SAFETY: rule 12: this core's APIC is there, mapped uncached; one core at a time starts others.
    unsafe {
        register(COMMAND_HIGH).write_volatile(hardware_id << 24);
        register(COMMAND_LOW).write_volatile(command);
        while register(COMMAND_LOW).read_volatile() & PENDING != 0 {
            core::hint::spin_loop();
        }
    }
}
