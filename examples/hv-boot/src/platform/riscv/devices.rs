//! Where QEMU's `virt` machine has its devices, and how they are reached.

use core::ptr;

/// Where it has its UART, for messages from before the device tree is read.
pub(in crate::platform) const VIRT_UART: usize = 0x1000_0000;

/// Where it has the test device, for failures before the device tree is read.
pub(super) const VIRT_TEST: usize = 0x10_0000;

/// Where the device register at a physical address is reached.
pub(in crate::platform) fn device<T>(physical: usize) -> *mut T {
    ptr::with_exposed_provenance_mut(physical)
}
