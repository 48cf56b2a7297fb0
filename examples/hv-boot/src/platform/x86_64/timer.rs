//! The time stamp counter (SDM vol. 3B, "Time-Stamp Counter") and the APIC's timer, measured by ACPI's power management
//! timer.

use core::{
    arch::x86_64::_rdtsc,
    sync::atomic::{AtomicU64, Ordering},
};

use x86_64::instructions::port::PortReadOnly;

use super::apic;

/// A counter of 24 or 32 bits at a frequency that ACPI fixes (4.8.2.1).
pub(super) struct PowerManagementTimer {
    pub(super) port: u16,
}

impl PowerManagementTimer {
    const FREQUENCY: u64 = 3_579_545;

    fn read(&self) -> u32 {
        // SAFETY: rule 12: the FADT names the port, and reading it has no effect.
        unsafe { PortReadOnly::<u32>::new(self.port).read() }
    }

    /// How far the timer is from an earlier value, less than 4 seconds ago.
    fn since(&self, earlier: u32) -> u64 {
        u64::from(self.read().wrapping_sub(earlier) & 0x00ff_ffff)
    }
}

/// Until it is measured, more than that of any CPU: waits get longer, not shorter.
static FREQUENCY: AtomicU64 = AtomicU64::new(8_000_000_000);

/// That of the APIC's timers.
static TIMER_FREQUENCY: AtomicU64 = AtomicU64::new(0);

/// Measures the frequencies, for 10 ms. One core runs.
pub(super) fn measure(timer: &PowerManagementTimer) {
    apic::mask_timer();
    apic::set_timer(u32::MAX);
    let (start, start_ticks, start_count) = (timer.read(), ticks(), apic::timer_count());
    while timer.since(start) < PowerManagementTimer::FREQUENCY / 100 {
        core::hint::spin_loop();
    }
    let (time, ticks, count) = (timer.since(start), ticks(), apic::timer_count());
    apic::set_timer(0);
    let frequency = |counted: u64| {
        let frequency = u128::from(counted) * u128::from(PowerManagementTimer::FREQUENCY);
        (frequency / u128::from(time)) as u64
    };
    FREQUENCY.store(frequency(ticks - start_ticks), Ordering::Relaxed);
    TIMER_FREQUENCY.store(frequency((start_count - count).into()), Ordering::Relaxed);
}

/// The counter, the same on all cores of a machine that keeps them in step, as QEMU does.
pub(crate) fn ticks() -> u64 {
    // SAFETY: rule 10: every x86_64 has the instruction, and CR4.TSD is off.
    unsafe { _rdtsc() }
}

/// Its frequency in hertz.
pub(crate) fn ticks_per_second() -> u64 {
    FREQUENCY.load(Ordering::Relaxed)
}

/// Lets the timer interrupt this core, once it is set.
pub(crate) fn enable_timer() {
    apic::enable_timer();
}

/// Switches the timer off.
pub(crate) fn disable_timer() {
    apic::mask_timer();
    apic::set_timer(0);
}

/// Interrupts this core after `delay`, or the longest that the timer can.
pub(crate) fn set_timer(delay: u64) {
    let count = u128::from(delay) * u128::from(TIMER_FREQUENCY.load(Ordering::Relaxed));
    let count = count / u128::from(ticks_per_second());
    apic::set_timer(count.clamp(1, u32::MAX.into()) as u32);
}
