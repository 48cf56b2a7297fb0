//! What a hypervisor that runs a guest asks of the machine.

use core::{ops::Range, ptr};

use super::gic;
use crate::{
    machine::Machine,
    platform::common::{arm_virt::Description, image},
};

impl Machine {
    /// The device tree, at its physical address. The library does not read it any more.
    pub fn device_tree(&self) -> *mut u8 {
        ptr::with_exposed_provenance_mut(Description::get().tree)
    }

    /// Where this image is, with its stacks and areas.
    pub fn image(&self) -> Range<usize> {
        image::whole()
    }

    /// How many cores the interrupt controller serves, by its redistributors: also those that the device tree does not
    /// name. To be asked before a guest has the controller.
    pub fn served_cpu_count(&self) -> usize {
        gic::served_cpu_count()
    }
}
