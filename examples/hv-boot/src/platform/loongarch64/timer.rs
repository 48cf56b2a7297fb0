//! The stable counter ("RDTIME{L/H}.W, RDTIME.D").

use loongArch64::time;

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    time::Time::read() as u64
}

/// Its frequency in hertz, from words 4 and 5 of `CPUCFG`.
pub(crate) fn ticks_per_second() -> u64 {
    time::get_timer_freq() as u64
}
