//! The generic timer: its counter `CNTPCT`, and the mode's own timer.

use aarch32_cpu::register::{CntPct, Cntfrq};

use super::{gic, interrupts, mode};

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    CntPct::read().0
}

/// Its frequency in hertz, as the firmware set it.
pub(crate) fn ticks_per_second() -> u64 {
    Cntfrq::read().0.into()
}

/// Lets the timer interrupt this core, once it is set.
pub(crate) fn enable_timer() {
    gic::enable(interrupts::TIMER);
}

/// Switches the timer off.
pub(crate) fn disable_timer() {
    mode::disable_timer();
}

/// Interrupts this core after `delay`, or the longest that the timer can; a timer that has expired stops its
/// interrupt.
pub(crate) fn set_timer(delay: u64) {
    // The timer's value is signed ("Operation of the TimerValue views of the timers").
    mode::set_timer(delay.min(i32::MAX as u64) as u32);
}
