//! The number by which a lock knows the context that holds it.

#[cfg(not(process))]
use super::lock::UNKNOWN;
#[cfg(not(process))]
use crate::arch;

/// Returns the number of this CPU, which need not have its area yet. A hart whose register is 0 cannot be told from
/// others.
#[cfg(not(process))]
pub(crate) fn own() -> usize {
    let own = arch::hardware_id().or_else(|| arch::register().filter(|&register| register != 0));
    own.map_or(UNKNOWN, |own| own.wrapping_add(1))
}

/// Returns the number of this thread: several may run as one CPU.
#[cfg(process)]
pub(crate) fn own() -> usize {
    std::thread_local! {
        static HERE: u8 = const { 0 };
    }
    HERE.with(|here| (&raw const *here).addr())
}
