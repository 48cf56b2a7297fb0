//! Types for variables: counters, and values that are initialized once.

#[cfg(target_has_atomic = "64")]
mod counter;
mod once;
#[cfg(target_has_atomic = "64")]
mod total;

#[cfg(target_has_atomic = "64")]
pub use counter::PerCpuCounter;
pub use once::PerCpuOnce;

use crate::variable::Shared;

impl<T> Shared for PerCpuOnce<T> {}
