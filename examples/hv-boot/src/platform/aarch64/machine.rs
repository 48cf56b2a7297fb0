//! What a hypervisor that runs a guest asks of the machine.

use core::{ops::Range, ptr, slice};

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

    /// What the boot loader has passed as initrd: a flat image gets one from QEMU.
    ///
    /// # Safety
    ///
    /// Nothing writes to that memory, which [`take_memory`](Self::take_memory) does not return.
    pub unsafe fn initrd(&self) -> Option<&'static [u8]> {
        let range = Description::get().initrd.clone()?;
        let inside = |ram: &Range<usize>| ram.start <= range.start && range.end <= ram.end;
        let start = ptr::with_exposed_provenance(range.start);
        // SAFETY: rule 9: RAM that is mapped and reserved; nothing writes to it, as the caller promises.
        let initrd = || unsafe { slice::from_raw_parts(start, range.len()) };
        self.memory().iter().any(inside).then(initrd)
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
