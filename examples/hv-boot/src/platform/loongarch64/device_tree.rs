//! Reading the device tree: CPUs, memory, the console, what stops the machine.

use core::{fmt, ops::Range, ptr};

use arrayvec::ArrayVec;
use dtoolkit::{
    Node, Property, ToCellInt,
    error::{FdtParseError, PropertyError, StandardError},
    fdt::{Fdt, FdtNode},
    standard::{NodeStandard, Status},
};

use super::{
    Description, entry, hardware_id,
    pci::{self, Host},
    power::Power,
};
use crate::machine::{MAX_CPUS, Machine};

/// What memory is given out in.
const PAGE: usize = 4096;

/// What keeps the image from running.
pub(super) enum Error {
    Malformed(FdtParseError),
    Value(StandardError),
    Missing(&'static str),
    TooMany(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "no usable device tree: {error}"),
            Self::Value(error) => write!(f, "the device tree has a wrong value: {error}"),
            Self::Missing(what) => write!(f, "the device tree names no {what}"),
            Self::TooMany(what) => write!(f, "the device tree names too many {what}"),
        }
    }
}

impl From<FdtParseError> for Error {
    fn from(error: FdtParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<StandardError> for Error {
    fn from(error: StandardError) -> Self {
        Self::Value(error)
    }
}

impl From<PropertyError> for Error {
    fn from(error: PropertyError) -> Self {
        Self::Value(error.into())
    }
}

/// Reads the tree at `address`.
///
/// # Safety
///
/// `address` is what the boot protocol handed over, and the boot core runs alone.
pub(super) unsafe fn read(address: usize) -> Result<Machine, Error> {
    // SAFETY: rule 12: the boot protocol puts a tree here; nothing writes it.
    let tree = unsafe { Fdt::from_raw(ptr::with_exposed_provenance(address)) }?;
    let mut reserved = reservations(tree)?;
    push(&mut reserved, entry::image(), RESERVED)?;
    push(
        &mut reserved,
        address..address + tree.data().len(),
        RESERVED,
    )?;
    // SAFETY: rule 12: the tree's host bridge; this core runs alone.
    let panic = unsafe { pci::find_panic_register(&host_bridge(tree)?) };
    let panic = panic.ok_or(Error::Missing("PCI bus with a pvpanic device on it"))?;
    Ok(Machine {
        cpus: cpus(tree)?,
        ram: ram(tree)?,
        reserved,
        platform: Description {
            uart: console(tree)?,
            power: Power {
                off: power_off(tree)?,
                panic,
            },
        },
    })
}

/// The core numbers of the usable CPUs; the running one first, the others in ascending order.
fn cpus(tree: Fdt<'_>) -> Result<ArrayVec<u64, MAX_CPUS>, Error> {
    let mut cpus = ArrayVec::new();
    for cpu in tree.cpus()?.cpus() {
        if is_usable(&cpu) {
            let id = cpu.ids()?.next().ok_or(Error::Missing("reg of a cpu"))?;
            push(&mut cpus, id.to_int()?, "cpus")?;
        }
    }
    // QEMU lists them backwards.
    cpus.sort_unstable();
    let here = hardware_id();
    let boot = cpus.iter().position(|&cpu| cpu == here);
    let boot = boot.ok_or(Error::Missing("cpu with this core's CPUID"))?;
    cpus[..=boot].rotate_right(1);
    Ok(cpus)
}

/// The whole pages of memory.
fn ram<const N: usize>(tree: Fdt<'_>) -> Result<ArrayVec<Range<usize>, N>, Error> {
    let mut ram = ArrayVec::new();
    for node in tree.root().children() {
        if node.name_without_address() == "memory" && is_usable(&node) {
            for range in registers(node)? {
                let range = range?;
                let pages = range.start.next_multiple_of(PAGE)..range.end & !(PAGE - 1);
                if !pages.is_empty() {
                    push(&mut ram, pages, "ranges of memory")?;
                }
            }
        }
    }
    if ram.is_empty() {
        return Err(Error::Missing("memory"));
    }
    Ok(ram)
}

/// What the firmware keeps for itself.
fn reservations<const N: usize>(tree: Fdt<'_>) -> Result<ArrayVec<Range<usize>, N>, Error> {
    let mut reserved = ArrayVec::new();
    for entry in tree.memory_reservations() {
        let range = range(entry.address(), entry.size());
        push(&mut reserved, range, RESERVED)?;
    }
    for node in tree.reserved_memory().into_iter().flatten() {
        for range in registers(*node)? {
            push(&mut reserved, range?, RESERVED)?;
        }
    }
    Ok(reserved)
}

/// The registers of the UART that `/chosen/stdout-path` names.
fn console(tree: Fdt<'_>) -> Result<usize, Error> {
    let chosen = tree.chosen().ok_or(Error::Missing("/chosen"))?;
    let path = chosen.stdout_path()?.ok_or(Error::Missing("stdout-path"))?;
    // "/serial@1fe001e0:115200n8": the part behind the colon sets the line.
    let path = path.split(':').next().unwrap_or(path);
    let node = tree.find_node(path);
    let node = node.filter(|node| node.is_compatible("ns16550a"));
    let node = node.ok_or(Error::Missing("16550 as console"))?;
    Ok(first_registers(node, "reg of the console")?.start)
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
    let registers = first_registers(syscon, "reg of the power-off register")?;
    Ok((registers.start + offset as usize, value))
}

/// The PCI host bridge.
fn host_bridge(tree: Fdt<'_>) -> Result<Host, Error> {
    let node = compatible(tree, "pci-host-ecam-generic");
    let node = node.ok_or(Error::Missing("PCI host bridge"))?;
    for window in node.ranges()?.into_iter().flatten() {
        // The first of three cells is the kind of space: here 32-bit memory (IEEE 1275, PCI binding, 2.2.1.1).
        let bus: u128 = window.child_bus_address()?;
        if bus >> 88 & 0b11 == 0b10 {
            return Ok(Host {
                configuration: first_registers(node, "reg of the PCI host bridge")?,
                memory: range(window.parent_bus_address()?, window.length()?),
            });
        }
    }
    Err(Error::Missing("window of the PCI host bridge"))
}

/// The first node below the root that is `compatible`.
fn compatible<'a>(tree: Fdt<'a>, compatible: &str) -> Option<FdtNode<'a>> {
    let mut nodes = tree.root().children();
    nodes.find(|node| node.is_compatible(compatible) && is_usable(node))
}

const RESERVED: &str = "reserved ranges";

fn push<T, const N: usize>(
    list: &mut ArrayVec<T, N>,
    item: T,
    what: &'static str,
) -> Result<(), Error> {
    list.try_push(item).map_err(|_| Error::TooMany(what))
}

/// Whether the node's `status` allows its use.
fn is_usable(node: &FdtNode<'_>) -> bool {
    matches!(node.status(), Ok(Status::Okay))
}

/// The first range of a node's `reg`; `what` names it.
fn first_registers(node: FdtNode<'_>, what: &'static str) -> Result<Range<usize>, Error> {
    let mut registers = registers(node)?;
    Ok(registers.next().ok_or(Error::Missing(what))??)
}

/// The ranges of a node's `reg`. Its parent's addresses are physical: on the `virt` machine it is the root.
fn registers<'a>(
    node: FdtNode<'a>,
) -> Result<impl Iterator<Item = Result<Range<usize>, StandardError>> + 'a, PropertyError> {
    let registers = node.reg()?.into_iter().flatten();
    Ok(registers.map(|register| Ok(range(register.address()?, register.size()?))))
}

fn range(start: u64, size: u64) -> Range<usize> {
    start as usize..start.saturating_add(size) as usize
}
