//! What only this platform reads of the device tree.

use dtoolkit::fdt::Fdt;

use super::{Description, entry, gic::Gic};
use crate::{
    machine::Machine,
    platform::common::{
        device_tree::{self, Error},
        psci::Conduit,
    },
};

/// Where QEMU's `virt` machine leaves the tree for an ELF image, which gets 0 in r2: at the start of RAM.
const VIRT_TREE: usize = 0x4000_0000;

/// Reads the tree at `address`, or where QEMU leaves it if that is 0.
///
/// # Safety
///
/// `address` is 0 or what the boot protocol handed over, and the boot core runs alone.
pub(super) unsafe fn read(address: usize) -> Result<Machine, Error> {
    let address = if address == 0 { VIRT_TREE } else { address };
    // SAFETY: rule 12: the boot protocol, or QEMU's manual, puts a tree here; the rest is the caller's promise.
    unsafe { device_tree::read(address, entry::image(), describe) }
}

fn describe(tree: Fdt<'_>) -> Result<Description, Error> {
    Ok(Description {
        conduit: Conduit::of(tree)?,
        gic: Gic::of(tree)?,
        uart: device_tree::console(tree, "arm,pl011")?,
    })
}
