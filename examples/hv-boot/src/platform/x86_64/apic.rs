//! The local APIC, as far as it starts cores and times them: in x2APIC mode where the CPU has it, else in xAPIC mode.

use core::{ops::Range, ptr, sync::atomic};

use raw_cpuid::CpuId;
use x86_64::registers::model_specific::Msr;

use super::PAGE;

/// The vector of the APIC's timer, the first that is no exception's ("Exception and Interrupt Vectors").
pub(super) const TIMER_INTERRUPT: u8 = 32;
/// The vector of interrupts that went away before the core took them ("Spurious Interrupt").
pub(super) const SPURIOUS_INTERRUPT: u8 = 255;

/// `IA32_APIC_BASE` ("Local APIC Status and Location", "Detecting and Enabling x2APIC Mode").
const BASE: Msr = Msr::new(0x1b);
const X2APIC_MODE: u64 = 1 << 10;
const ENABLED: u64 = 1 << 11;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// The registers, by their offsets in xAPIC mode ("Local APIC Register Address Map").
const END_OF_INTERRUPT: usize = 0xb0;
const SPURIOUS_VECTOR: usize = 0xf0;
/// The interrupt command register ("Interrupt Command Register (ICR)"), which is one register of 64 bits in x2APIC
/// mode ("ICR Operation in x2APIC Mode").
const COMMAND_LOW: usize = 0x300;
const COMMAND_HIGH: usize = 0x310;
const TIMER: usize = 0x320;
const LINT0: usize = 0x350;
const TIMER_INITIAL_COUNT: usize = 0x380;
const TIMER_CURRENT_COUNT: usize = 0x390;
const TIMER_DIVIDER: usize = 0x3e0;

/// In the spurious interrupt vector register: the APIC delivers interrupts ("Spurious Interrupt").
const DELIVER: u32 = 1 << 8;
/// In an entry of the local vector table: nothing is delivered ("Local Vector Table").
const MASKED: u32 = 1 << 16;
/// The timer counts at a sixteenth of its clock ("APIC Timer").
const DIVIDE_BY_16: u32 = 0b0011;

const NMI: u32 = 0b100 << 8;
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

/// Sends a non-maskable interrupt to the core `hardware_id`, which may be this one.
pub(super) fn send_nmi(hardware_id: u32) {
    send(hardware_id, NMI | ASSERT);
}

fn send(hardware_id: u32, command: u32) {
    // A write in x2APIC mode may pass earlier stores, which the other core must see ("MSR Access in x2APIC Mode").
    atomic::fence(atomic::Ordering::SeqCst);
    if registers().is_none() {
        // SAFETY: rule 12: x2APIC mode is on, and one core at a time starts others.
        unsafe {
            core::arch::x86_64::_mm_lfence();
            msr(COMMAND_LOW).write(u64::from(hardware_id) << 32 | u64::from(command));
        }
        return;
    }
    assert!(hardware_id < 0xff, "xAPIC mode has 8 bits for an APIC id");
    write(COMMAND_HIGH, hardware_id << 24);
    write(COMMAND_LOW, command);
    while read(COMMAND_LOW) & PENDING != 0 {
        core::hint::spin_loop();
    }
}

/// The MSR of a register in x2APIC mode ("x2APIC Register Address Space").
const fn msr(register: usize) -> Msr {
    Msr::new(0x800 + (register as u32 >> 4))
}

fn read(register: usize) -> u32 {
    match registers() {
        // SAFETY: rule 12: this core's APIC is there, mapped uncached; reading these registers has no effect.
        Some(registers) => unsafe {
            ptr::with_exposed_provenance::<u32>(registers.start + register).read_volatile()
        },
        // SAFETY: rule 12: x2APIC mode is on; as above.
        None => unsafe { msr(register).read() as u32 },
    }
}

fn write(register: usize, value: u32) {
    match registers() {
        // SAFETY: rule 12: this core's APIC is there, mapped uncached.
        Some(registers) => unsafe {
            ptr::with_exposed_provenance_mut::<u32>(registers.start + register)
                .write_volatile(value);
        },
        // SAFETY: rule 12: x2APIC mode is on.
        None => unsafe { msr(register).write(value.into()) },
    }
}

/// Lets the timer interrupt this core, and nothing else.
pub(super) fn enable_timer() {
    write(SPURIOUS_VECTOR, DELIVER | u32::from(SPURIOUS_INTERRUPT));
    // The way of the 8259 controllers to the boot core; they are masked already.
    write(LINT0, MASKED);
    write(TIMER_DIVIDER, DIVIDE_BY_16);
    write(TIMER, TIMER_INTERRUPT.into());
}

/// Lets the timer count without interrupting this core.
pub(super) fn mask_timer() {
    write(TIMER_DIVIDER, DIVIDE_BY_16);
    write(TIMER, MASKED | u32::from(TIMER_INTERRUPT));
}

/// Has the timer count down once; from 0 it does nothing.
pub(super) fn set_timer(count: u32) {
    write(TIMER_INITIAL_COUNT, count);
}

/// What is left of the count.
pub(super) fn timer_count() -> u32 {
    read(TIMER_CURRENT_COUNT)
}

/// Ends the interrupt that this core takes.
pub(super) fn end_interrupt() {
    write(END_OF_INTERRUPT, 0);
}
