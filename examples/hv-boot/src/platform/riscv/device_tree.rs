//! What only this platform reads of the device tree.

use dtoolkit::{Node, Property, fdt::Fdt, standard::NodeStandard};

use super::Description;
use crate::{
    machine::Machine,
    platform::common::{
        device_tree::{self, Error},
        image,
    },
};

/// Reads the tree at `address`.
///
/// # Safety
///
/// `address` is what SBI passed, and the boot core runs alone.
pub(super) unsafe fn read(address: usize) -> Result<Machine, Error> {
    // SAFETY: rule 12: SBI puts a tree here; the rest is the caller's promise.
    unsafe { device_tree::read(address, image::whole(), describe) }
}

fn describe(tree: Fdt<'_>) -> Result<Description, Error> {
    Ok(Description {
        uart: device_tree::console(tree, "ns16550a")?,
        test: test_device(tree)?,
        timebase: timebase(tree)?,
    })
}

/// The register of SiFive's test device, which is a child of the root or of the bus `/soc`.
fn test_device(tree: Fdt<'_>) -> Result<usize, Error> {
    let soc = tree.find_node("/soc");
    let mut nodes = soc.into_iter().chain([tree.root()]);
    let test = nodes.find_map(|bus| {
        let mut devices = bus.children();
        devices.find(|node| node.is_compatible("sifive,test0"))
    });
    device_tree::first_register(test.ok_or(Error::Missing("test device sifive,test0"))?)
}

/// The frequency of the counter `time` in hertz.
fn timebase(tree: Fdt<'_>) -> Result<usize, Error> {
    let cpus = tree.cpus()?;
    match cpus.property("timebase-frequency") {
        Some(frequency) => Ok(frequency.value_as::<u32>()? as usize),
        None => Err(Error::Missing("timebase-frequency")),
    }
}
