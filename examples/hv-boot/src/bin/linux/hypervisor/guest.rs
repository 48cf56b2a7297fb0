//! What the guest is given: its kernel, its device tree, its memory.
//!
//! The boot loader has put the kernel at [`KERNEL`], and the device tree and the initrd somewhere behind this image. The
//! guest gets all memory behind this image, and a device tree that says so.

use core::{fmt, ops::Range, ptr};

use dtoolkit::{
    Node,
    fdt::{Fdt, FdtNode},
    fdt_mut::{FdtMut, FdtNodeMut, SliceBuffer},
    standard::NodeStandard,
};
use hv_boot::{Machine, guest};

/// Where the kernel is: scripts/qemu-virt.sh has it loaded there.
const KERNEL: usize = 0x5000_0000;

/// What Linux needs behind its image to start at all.
const ROOM: usize = 32 << 20;

/// What the guest's memory is made of: blocks of stage 2.
const BLOCK: usize = 2 << 20;

/// The device that the guest does not get. QEMU's fw_cfg copies to any memory that it is told to; stage 2 translates
/// what a core accesses, and not what a device does.
const WITHHELD: &str = "qemu,fw-cfg-mmio";

/// What the guest is given.
#[derive(Debug)]
pub(super) struct Guest {
    /// Where its first core starts.
    pub(super) entry: usize,
    /// Where its device tree is.
    pub(super) tree: usize,
    /// Its memory.
    pub(super) memory: Range<usize>,
    /// The registers of the device that it does not get.
    pub(super) withheld: Range<usize>,
}

/// Why there is no guest to start.
pub(super) enum Error {
    Level(&'static str),
    Cores { named: usize, served: usize },
    Memory { end: usize, needed: usize },
    Kernel,
    Initrd,
    Tree(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => write!(
                f,
                "a guest needs EL2 below it, and this image runs at {level}"
            ),
            Self::Cores { named, served } => {
                write!(
                    f,
                    "the machine has {served} cores, but the device tree names {named}"
                )
            }
            Self::Memory { end, needed } => {
                write!(
                    f,
                    "too little memory: it ends at {end:#x}, and Linux needs it up to {needed:#x}"
                )
            }
            Self::Kernel => write!(
                f,
                "no kernel: there is no arm64 Image of Linux 4.6 or newer at {KERNEL:#x}"
            ),
            Self::Initrd => write!(
                f,
                "no initrd: the device tree names none, and Linux has no other program to run"
            ),
            Self::Tree(what) => write!(f, "the device tree has no usable {what}"),
        }
    }
}

impl Guest {
    /// Finds what the boot loader left, and changes the device tree to what the guest gets.
    pub(super) fn find(machine: &Machine) -> Result<Self, Error> {
        let level = machine.boot_cpu().level();
        if level != "EL2" {
            return Err(Error::Level(level));
        }
        // With fewer, Linux would leave cores out.
        let (named, served) = (machine.cpu_count(), guest::core_count());
        if named < served {
            return Err(Error::Cores { named, served });
        }
        let memory = memory(machine)?;
        check_kernel(&memory)?;
        let tree = guest::device_tree();
        // SAFETY: rule 9, rule 12: hv-boot has read the tree there, and nothing else refers to it any more.
        let mut edited = unsafe { FdtMut::from_raw_unchecked(tree) };
        if !has_initrd(edited.as_read_only()) {
            return Err(Error::Initrd);
        }
        let withheld = withhold(&mut edited)?;
        give_memory(&mut edited, &memory)?;
        Ok(Self {
            entry: KERNEL,
            tree: tree.addr(),
            memory,
            withheld,
        })
    }
}

/// The memory behind this image, up to the end of the range that the kernel is in.
fn memory(machine: &Machine) -> Result<Range<usize>, Error> {
    let start = guest::image().end.next_multiple_of(BLOCK);
    let mut ranges = machine.memory().iter();
    let range = ranges.find(|range| range.contains(&start));
    let end = range.map_or(start, |range| range.end & !(BLOCK - 1));
    let needed = KERNEL + ROOM;
    if end < needed {
        return Err(Error::Memory { end, needed });
    }
    Ok(start..end)
}

/// The header of an arm64 Image (Linux, Documentation/arch/arm64/booting.rst).
#[repr(C)]
struct ImageHeader {
    code: [u32; 2],
    text_offset: u64,
    image_size: u64,
    flags: u64,
    reserved: [u64; 3],
    magic: [u8; 4],
}

impl ImageHeader {
    const MAGIC: [u8; 4] = *b"ARM\x64";
    /// Flags: big-endian, and not at a fixed distance from the start of memory.
    const BIG_ENDIAN: u64 = 1 << 0;
    const ANYWHERE: u64 = 1 << 3;
}

/// Checks that the kernel can start at [`KERNEL`], and has the memory for it.
fn check_kernel(memory: &Range<usize>) -> Result<(), Error> {
    // SAFETY: rule 9: memory that no static and no stack is in, and that nobody writes.
    let header = unsafe { ptr::with_exposed_provenance::<ImageHeader>(KERNEL).read() };
    let right = header.magic == ImageHeader::MAGIC
        && header.flags & (ImageHeader::BIG_ENDIAN | ImageHeader::ANYWHERE)
            == ImageHeader::ANYWHERE
        && header.text_offset == 0;
    if !right {
        return Err(Error::Kernel);
    }
    let needed = KERNEL.saturating_add(header.image_size as usize) + ROOM;
    match memory.end {
        end if end < needed => Err(Error::Memory { end, needed }),
        _ => Ok(()),
    }
}

type Tree = FdtMut<SliceBuffer<'static>>;

fn has_initrd(tree: Fdt<'_>) -> bool {
    let chosen = tree.find_node("/chosen");
    chosen.is_some_and(|chosen| chosen.property("linux,initrd-start").is_some())
}

/// Takes the withheld device out of the tree, and returns where its registers are.
fn withhold(tree: &mut Tree) -> Result<Range<usize>, Error> {
    let is_it = |node: FdtNode<'_>| node.is_compatible(WITHHELD);
    edit(tree, WITHHELD, is_it, |node| {
        let registers = registers(node.as_read_only())?;
        node.remove();
        Some(registers)
    })
}

/// Makes `memory` all that the tree's memory node names.
fn give_memory(tree: &mut Tree, memory: &Range<usize>) -> Result<(), Error> {
    let is_it = |node: FdtNode<'_>| {
        node.name_without_address() == "memory"
            && registers(node).is_some_and(|range| range.contains(&memory.start))
    };
    edit(tree, "memory", is_it, |mut node| {
        let halves = |value: usize| [(value >> 32) as u32, value as u32];
        let ([a, b], [c, d]) = (halves(memory.start), halves(memory.len()));
        node.property_mut("reg")?.set_value([a, b, c, d]).ok()
    })
}

/// Changes the node below the root that `is_it` knows. An edit fits the tree's space: nothing becomes longer.
fn edit<R>(
    tree: &mut Tree,
    what: &'static str,
    is_it: impl Fn(FdtNode<'_>) -> bool,
    change: impl FnOnce(FdtNodeMut<'_, SliceBuffer<'static>>) -> Option<R>,
) -> Result<R, Error> {
    let mut root = tree.root_mut();
    let mut nodes = root.children_mut();
    while let Some(node) = nodes.next() {
        if is_it(node.as_read_only()) {
            return change(node).ok_or(Error::Tree(what));
        }
    }
    Err(Error::Tree(what))
}

/// The first block of a node's `reg`.
fn registers(node: FdtNode<'_>) -> Option<Range<usize>> {
    let first = node.reg().ok()??.next()?;
    let start: u64 = first.address().ok()?;
    let size: u64 = first.size().ok()?;
    Some(start as usize..(start + size) as usize)
}
