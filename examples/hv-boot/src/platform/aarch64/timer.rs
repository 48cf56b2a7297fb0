//! The generic timer's counter (D12).

use aarch64_cpu::registers::{CNTFRQ_EL0, CNTPCT_EL0, Readable};

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    CNTPCT_EL0.get()
}

/// Its frequency in hertz, as the firmware set it.
pub(crate) fn ticks_per_second() -> u64 {
    CNTFRQ_EL0.get()
}
