//! The counter `time` (volume 1, "Zicntr Extension for Base Counters and Timers").

use core::sync::atomic::{AtomicU64, Ordering};

use riscv::register::time;

/// The frequency of QEMU's `virt` machine, for waits from before the device tree is read.
const VIRT_TIMEBASE: u64 = 10_000_000;

static TIMEBASE: AtomicU64 = AtomicU64::new(VIRT_TIMEBASE);

/// Keeps the frequency in hertz that the device tree tells.
pub(super) fn set_frequency(hertz: u64) {
    TIMEBASE.store(hertz, Ordering::Relaxed);
}

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    time::read64()
}

/// Its frequency in hertz.
pub(crate) fn ticks_per_second() -> u64 {
    TIMEBASE.load(Ordering::Relaxed)
}
