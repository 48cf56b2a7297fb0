//! The translation regimes.

use super::level::{Level, level};
use crate::platform::common::tables::Regime;

/// EL1's, and EL2's with host extensions: PXN and UXN are bits of their own ("Block descriptor and Page descriptor
/// formats").
const EL1: Regime = Regime {
    always: 0,
    no_execute: 0b11 << 53,
    no_user_execute: 1 << 54,
};

/// EL2's, which is alone in its regime: AP\[1\] is RES1, and there is one XN bit.
const EL2: Regime = Regime {
    always: 1 << 6,
    no_execute: 1 << 54,
    no_user_execute: 0,
};

/// That of the running level.
pub(super) fn regime() -> Regime {
    match level() {
        Level::El1 => EL1,
        Level::El2 if cfg!(feature = "vhe") => EL1,
        _ => EL2,
    }
}
