//! The generic timer's counter, `CNTPCT`.

use aarch32_cpu::register::{CntPct, Cntfrq};

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    CntPct::read().0
}

/// Its frequency in hertz, as the firmware set it.
pub(crate) fn ticks_per_second() -> u64 {
    Cntfrq::read().0.into()
}
