//! The direct mapping windows: memory cached at its own address, devices uncached in a segment of their own.
//!
//! A window maps all addresses with the same top four bits to physical ones by dropping those bits, and says how
//! they are accessed ("Direct Mapped Address Translation Mode"). Two of them are the whole memory map: no tables, hence
//! no guard pages either.

use core::ptr;

/// `CSR.DMW0`: the segment 0, for PLV0, coherent cached ("Direct Mapping Configuration Window n").
pub(super) const MEMORY: u64 = 1 << 0 | 1 << 4;
/// `CSR.DMW1`: the segment 8, for PLV0, strongly ordered uncached.
pub(super) const DEVICES: u64 = SEGMENT | 1 << 0;

const SEGMENT: u64 = 8 << 60;

/// `CSR.CRMD`: PLV0, interrupts masked, mapped addresses; cached also in what is left of direct translation ("Current
/// Mode Information").
pub(super) const CRMD: u64 = 1 << 4 | 1 << 5 | 1 << 7;

/// Where QEMU's `virt` machine has its first UART, for messages from before the device tree is read.
pub(in crate::platform) const VIRT_UART: usize = 0x1fe0_01e0;

/// Where the device register at a physical address is reached.
pub(in crate::platform) fn device<T>(physical: usize) -> *mut T {
    ptr::with_exposed_provenance_mut(physical | SEGMENT as usize)
}
