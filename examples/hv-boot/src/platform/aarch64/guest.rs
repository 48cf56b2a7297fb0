//! What a hypervisor that runs a guest asks of the platform.

use core::{ops::Range, ptr};

use super::gic;
pub use crate::platform::common::tables::Tables;
use crate::platform::common::{arm_virt::Description, image};

/// The device tree, which nothing reads once `main` runs.
pub fn device_tree() -> *mut u8 {
    ptr::with_exposed_provenance_mut(Description::get().tree)
}

/// Where the image is, with its stacks and areas.
pub fn image() -> Range<usize> {
    image::whole()
}

/// How many cores the interrupt controller serves, also those that the device tree does not name. To be asked before a
/// guest uses it.
pub fn core_count() -> usize {
    gic::core_count()
}
