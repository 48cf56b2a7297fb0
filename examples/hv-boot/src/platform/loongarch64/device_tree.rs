//! What only this platform reads of the device tree: what stops the machine.

use core::ops::Range;

use dtoolkit::{
    Node, Property,
    fdt::{Fdt, FdtNode},
    standard::NodeStandard,
};

use super::{
    Description, entry,
    pci::{self, Host},
    power::Power,
};
use crate::{
    machine::Machine,
    platform::common::device_tree::{self, Error},
};

/// Reads the tree at `address`.
///
/// # Safety
///
/// `address` is what the boot protocol passed, and the boot core runs alone.
pub(super) unsafe fn read(address: usize) -> Result<Machine, Error> {
    // SAFETY: rule 12: the boot protocol puts a tree here; the rest is the caller's promise.
    unsafe { device_tree::read(address, entry::image(), describe) }
}

fn describe(tree: Fdt<'_>) -> Result<Description, Error> {
    // SAFETY: rule 12: the tree's host bridge; this core runs alone.
    let panic = unsafe { pci::find_panic_register(&host_bridge(tree)?) };
    Ok(Description {
        uart: device_tree::console(tree, "ns16550a")?,
        power: Power {
            off: power_off(tree)?,
            panic: panic.ok_or(Error::Missing("PCI bus with a pvpanic device on it"))?,
        },
    })
}

/// The register and the value of `syscon-poweroff`, which are one byte wide on this machine.
fn power_off(tree: Fdt<'_>) -> Result<(usize, u8), Error> {
    const NODE: Error = Error::Missing("syscon-poweroff with regmap, offset and value");
    let node = compatible(tree, "syscon-poweroff").ok_or(NODE)?;
    let cell = |name| -> Result<u32, Error> {
        let property = node.property(name).ok_or(NODE)?;
        Ok(property.value_as::<u32>()?)
    };
    let (phandle, offset, value) = (cell("regmap")?, cell("offset")?, cell("value")?);
    let mut nodes = tree.root().children();
    let syscon = nodes.find(|node| matches!(node.phandle(), Ok(Some(found)) if found == phandle));
    let syscon = syscon.ok_or(Error::Missing("regmap of syscon-poweroff"))?;
    let width = syscon.property("reg-io-width");
    let width = width.ok_or(Error::Missing("width of the power-off register"))?;
    let value = u8::try_from(value).ok();
    let value = value.filter(|_| width.value_as::<u32>() == Ok(1));
    let value = value.ok_or(Error::Missing("power-off register of one byte"))?;
    Ok((
        device_tree::first_register(syscon)? + offset as usize,
        value,
    ))
}

/// The PCI host bridge.
fn host_bridge(tree: Fdt<'_>) -> Result<Host, Error> {
    let node = compatible(tree, "pci-host-ecam-generic");
    let node = node.ok_or(Error::Missing("PCI host bridge"))?;
    let memory = memory_window(node)?;
    Ok(Host {
        configuration: device_tree::first_registers(node)?,
        memory: memory.ok_or(Error::Missing("window of the PCI host bridge"))?,
    })
}

/// Where the bridge maps 32-bit memory of the bus.
fn memory_window(bridge: FdtNode<'_>) -> Result<Option<Range<usize>>, Error> {
    for window in bridge.ranges()?.into_iter().flatten() {
        // The first of three cells has the kind of space, in `ss`: here 32-bit memory (PCI Bus Binding to IEEE 1275,
        // "Physical Address Formats").
        let bus: u128 = window.child_bus_address()?;
        if bus >> 88 & 0b11 == 0b10 {
            let range = device_tree::range(window.parent_bus_address()?, window.length()?);
            return Ok(Some(range));
        }
    }
    Ok(None)
}

/// The first node below the root that is `compatible`.
fn compatible<'a>(tree: Fdt<'a>, compatible: &str) -> Option<FdtNode<'a>> {
    let mut nodes = tree.root().children();
    nodes.find(|node| node.is_compatible(compatible))
}
