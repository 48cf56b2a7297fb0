//! Reading the device tree: CPUs, memory, the console, the way to call the firmware.

use core::{fmt, ops::Range, ptr};

use arrayvec::ArrayVec;
use dtoolkit::{
    Node, Property, ToCellInt,
    error::{FdtParseError, PropertyError, StandardError},
    fdt::{Fdt, FdtNode},
    standard::{NodeStandard, Status},
};

use super::{Description, entry, hardware_id, mmu::PAGE, psci::Conduit};
use crate::machine::{MAX_CPUS, Machine};

/// Where QEMU's `virt` machine leaves the tree for an ELF image, which gets 0 in x0: at the start of RAM.
const VIRT_TREE: usize = 0x4000_0000;

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

/// Reads the tree at `address`, or where QEMU leaves it if that is 0.
///
/// # Safety
///
/// `address` is 0 or what the boot protocol handed over, and the boot core runs alone.
pub(super) unsafe fn read(address: usize) -> Result<Machine, Error> {
    let address = if address == 0 { VIRT_TREE } else { address };
    // SAFETY: rule 12: the boot protocol, or QEMU's manual, puts a tree here; nothing writes it.
    let tree = unsafe { Fdt::from_raw(ptr::with_exposed_provenance(address)) }?;
    let mut reserved = reservations(tree)?;
    push(&mut reserved, entry::image(), RESERVED)?;
    push(
        &mut reserved,
        address..address + tree.data().len(),
        RESERVED,
    )?;
    Ok(Machine {
        cpus: cpus(tree)?,
        ram: ram(tree)?,
        reserved,
        platform: Description {
            conduit: conduit(tree)?,
            uart: console(tree)?,
        },
    })
}

/// The affinity of each usable CPU; the running one first, the others in the tree's order.
fn cpus(tree: Fdt<'_>) -> Result<ArrayVec<u64, MAX_CPUS>, Error> {
    let mut cpus = ArrayVec::new();
    for cpu in tree.cpus()?.cpus() {
        if is_usable(&cpu) {
            let id = cpu.ids()?.next().ok_or(Error::Missing("reg of a cpu"))?;
            push(&mut cpus, id.to_int()?, "cpus")?;
        }
    }
    let here = hardware_id();
    let boot = cpus.iter().position(|&cpu| cpu == here);
    let boot = boot.ok_or(Error::Missing("cpu with this core's MPIDR"))?;
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

/// How PSCI is called: the `method` of its node.
fn conduit(tree: Fdt<'_>) -> Result<Conduit, Error> {
    // 0.2 is the first version whose function ids are fixed.
    let versions = ["arm,psci-1.0", "arm,psci-0.2"];
    let mut nodes = tree.root().children();
    let psci = nodes.find(|node| versions.iter().any(|version| node.is_compatible(version)));
    let method = psci.and_then(|node| node.property("method"));
    match method
        .ok_or(Error::Missing("PSCI method"))?
        .value_as::<&str>()?
    {
        "smc" => Ok(Conduit::Smc),
        "hvc" => Ok(Conduit::Hvc),
        _ => Err(Error::Missing("PSCI method that is smc or hvc")),
    }
}

/// The registers of the UART that `/chosen/stdout-path` names.
fn console(tree: Fdt<'_>) -> Result<usize, Error> {
    let chosen = tree.chosen().ok_or(Error::Missing("/chosen"))?;
    let path = chosen.stdout_path()?.ok_or(Error::Missing("stdout-path"))?;
    // "serial0:115200n8": the part behind the colon sets the line.
    let path = path.split(':').next().unwrap_or(path);
    let node = if path.starts_with('/') {
        tree.find_node(path)
    } else {
        let aliases = tree
            .find_node("/aliases")
            .ok_or(Error::Missing("/aliases"))?;
        let alias = aliases
            .property(path)
            .ok_or(Error::Missing("alias that stdout-path uses"))?;
        tree.find_node(alias.value_as::<&str>()?)
    };
    let node = node.filter(|node| node.is_compatible("arm,pl011"));
    let node = node.ok_or(Error::Missing("PL011 as console"))?;
    match registers(node)?
        .next()
        .ok_or(Error::Missing("reg of the console"))??
    {
        registers if registers.start == 0 => Err(Error::Missing("address of the console")),
        registers => Ok(registers.start),
    }
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
