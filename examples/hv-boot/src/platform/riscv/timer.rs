//! The counter `time` (volume 1, "Zicntr Extension for Base Counters and Timers"), and the timer that SBI makes of it.

use core::sync::atomic::{AtomicUsize, Ordering};

use riscv::register::{sie, time};

use super::harts::Refusal;

/// The frequency of QEMU's `virt` machine, for waits from before the device tree is read.
const VIRT_TIMEBASE: usize = 10_000_000;

static TIMEBASE: AtomicUsize = AtomicUsize::new(VIRT_TIMEBASE);

/// Sets the frequency in hertz, which the device tree says.
pub(super) fn set_frequency(hertz: usize) {
    TIMEBASE.store(hertz, Ordering::Relaxed);
}

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    time::read64()
}

/// Its frequency in hertz.
pub(crate) fn ticks_per_second() -> u64 {
    TIMEBASE.load(Ordering::Relaxed) as u64
}

/// Lets the timer interrupt this core, once it is set.
pub(crate) fn enable_timer() {
    set(u64::MAX);
    // SAFETY: rule 12: the trap table has an entry for it.
    unsafe { sie::set_stimer() };
}

/// Switches the timer off.
pub(crate) fn disable_timer() {
    // SAFETY: rule 12: nothing waits for it.
    unsafe { sie::clear_stimer() };
    set(u64::MAX);
}

/// Interrupts this core after `delay`; a timer that has expired stops its interrupt.
pub(crate) fn set_timer(delay: u64) {
    set(ticks().saturating_add(delay));
}

/// Sets the time of the next interrupt (SBI specification, "Timer Extension").
fn set(time: u64) {
    let answer = sbi_rt::set_timer(time);
    assert!(answer.is_ok(), "no timer: {}", Refusal(answer));
}
