//! A guest of a few instructions, one level below this image: what an exit finds.
//!
//! A run saves and restores what the guest's instructions change, and no more: it is no hypervisor.

use crate::platform;
pub use crate::platform::{Exit, GUEST_VALUE, Interrupts, Virtualization};

/// The ways to run a guest on this core. None where the core, or its emulator, has no virtualization, and none for an
/// image at a guest's own level.
pub fn virtualizations() -> &'static [Virtualization] {
    platform::virtualizations()
}
