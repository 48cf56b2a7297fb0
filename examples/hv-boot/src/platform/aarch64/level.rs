//! The exception level.

use aarch64_cpu::registers::{CurrentEL, Readable};

/// An exception level (Arm ARM, "Exception levels").
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    El1,
    El2,
    /// The secure monitor's, where no image runs.
    El3,
}

impl Level {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::El1 => "EL1",
            Self::El2 => "EL2",
            Self::El3 => "EL3",
        }
    }
}

/// The level that the running core is at.
pub(super) fn level() -> Level {
    match CurrentEL.read(CurrentEL::EL) {
        1 => Level::El1,
        2 => Level::El2,
        _ => Level::El3,
    }
}
