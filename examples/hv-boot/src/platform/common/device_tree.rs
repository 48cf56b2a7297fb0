//! Reading the device tree: CPUs, memory and the console, which every platform needs.

use core::{fmt, ops::Range, ptr};

use arrayvec::ArrayVec;
use dtoolkit::{
    Node, Property, ToCellInt,
    error::{FdtParseError, PropertyError, StandardError},
    fdt::{Fdt, FdtNode},
    standard::{NodeStandard, Status},
};

use crate::{
    machine::{MAX_CPUS, Machine},
    platform,
};

/// The unit of memory.
const PAGE: usize = 4096;

/// What keeps the image from running.
pub(in crate::platform) enum Error {
    Malformed(FdtParseError),
    Value(StandardError),
    Missing(&'static str),
    NotTheConsole(&'static str),
    TooMany(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "no usable device tree: {error}"),
            Self::Value(error) => write!(f, "the device tree has a wrong value: {error}"),
            Self::Missing(what) => write!(f, "the device tree names no {what}"),
            Self::NotTheConsole(what) => write!(f, "the device tree names no {what} as console"),
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

/// Reads the tree at `address` for an image that is at `image`; `describe` reads what only the platform needs.
///
/// # Safety
///
/// `address` is where the boot protocol puts a tree, and the boot core runs alone.
pub(in crate::platform) unsafe fn read<D>(
    address: usize,
    image: Range<usize>,
    describe: impl FnOnce(Fdt<'_>) -> Result<D, Error>,
) -> Result<(Machine, D), Error> {
    // SAFETY: rule 12: the caller's promise; nothing writes the tree.
    let tree = unsafe { Fdt::from_raw(ptr::with_exposed_provenance(address)) }?;
    let mut reserved = reservations(tree)?;
    push(&mut reserved, image, RESERVED)?;
    push(
        &mut reserved,
        address..address + tree.data().len(),
        RESERVED,
    )?;
    if let Some(initrd) = initrd(tree) {
        push(&mut reserved, initrd, RESERVED)?;
    }
    let (cpus, ram) = (cpus(tree)?, ram(tree)?);
    let description = describe(tree)?;
    Ok((
        Machine {
            cpus,
            ram,
            reserved,
        },
        description,
    ))
}

/// The hardware id of each usable CPU; the running one first, the others in ascending order.
fn cpus(tree: Fdt<'_>) -> Result<ArrayVec<u64, MAX_CPUS>, Error> {
    let mut cpus = ArrayVec::new();
    for cpu in tree.cpus()?.cpus() {
        if is_usable(&cpu) {
            let id = cpu.ids()?.next().ok_or(Error::Missing("reg of a cpu"))?;
            push(&mut cpus, id.to_int()?, "cpus")?;
        }
    }
    // Some machines list them backwards.
    cpus.sort_unstable();
    let here = platform::hardware_id();
    let boot = cpus.iter().position(|&cpu| cpu == here);
    let boot = boot.ok_or(Error::Missing("cpu with this core's id"))?;
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
                let start = range.start.checked_next_multiple_of(PAGE);
                let pages = start.unwrap_or(usize::MAX)..range.end & !(PAGE - 1);
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

/// Where the boot loader has left an initrd, if it has.
pub(in crate::platform) fn initrd(tree: Fdt<'_>) -> Option<Range<usize>> {
    let chosen = tree.find_node("/chosen")?;
    // One cell or two, whatever the addresses in the tree have.
    let address = |name| {
        let property = chosen.property(name)?;
        let cells = property.value();
        let bytes = |all, cell: &u8| all << 8 | u64::from(*cell);
        (cells.len() <= 8).then(|| cells.iter().fold(0, bytes))
    };
    let [start, end] = [address("linux,initrd-start")?, address("linux,initrd-end")?];
    Some(range(start, end.checked_sub(start)?))
}

/// Where the registers of the UART are that `/chosen/stdout-path` names, if it is `compatible` with what the
/// platform has a driver for.
pub(in crate::platform) fn console(
    tree: Fdt<'_>,
    compatible: &'static str,
) -> Result<usize, Error> {
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
    let node = node.filter(|node| node.is_compatible(compatible));
    first_register(node.ok_or(Error::NotTheConsole(compatible))?)
}

/// Where the first two blocks are of the registers of the device below the root that is `compatible`.
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub(in crate::platform) fn two_registers(
    tree: Fdt<'_>,
    compatible: &'static str,
) -> Result<[usize; 2], Error> {
    let mut nodes = tree.root().children();
    let node = nodes.find(|node| node.is_compatible(compatible));
    let mut blocks = registers(node.ok_or(Error::Missing(compatible))?)?;
    match (blocks.next().transpose()?, blocks.next().transpose()?) {
        (Some(first), Some(second)) => Ok([first.start, second.start]),
        _ => Err(Error::Missing("reg of a device")),
    }
}

/// Where the first block of a device's registers is.
pub(in crate::platform) fn first_register(node: FdtNode<'_>) -> Result<usize, Error> {
    Ok(first_registers(node)?.start)
}

/// The first block of a device's registers, which is not at 0.
pub(in crate::platform) fn first_registers(node: FdtNode<'_>) -> Result<Range<usize>, Error> {
    match registers(node)?
        .next()
        .ok_or(Error::Missing("reg of a device"))??
    {
        registers if registers.start == 0 => Err(Error::Missing("address of a device")),
        registers => Ok(registers),
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

/// The ranges of a node's `reg`. Its parent's addresses are physical: on the `virt` machines it is the root, or a
/// bus that maps addresses to themselves.
fn registers<'a>(
    node: FdtNode<'a>,
) -> Result<impl Iterator<Item = Result<Range<usize>, StandardError>> + 'a, PropertyError> {
    let registers = node.reg()?.into_iter().flatten();
    Ok(registers.map(|register| Ok(range(register.address()?, register.size()?))))
}

/// The part of a physical range that a pointer reaches.
pub(in crate::platform) fn range(start: u64, size: u64) -> Range<usize> {
    let reachable = |address| usize::try_from(address).unwrap_or(usize::MAX);
    reachable(start)..reachable(start.saturating_add(size))
}
