//! What the guest is given: its kernel, its device tree, its memory.
//!
//! The boot loader has put the kernel at [`KERNEL`], and the device tree and the initrd somewhere behind this image.
//! The guest gets all memory behind this image, and a device tree that says so.

use core::{ops::Range, ptr};

use dtoolkit::{
    Node,
    fdt::{Fdt, FdtNode},
    fdt_mut::{FdtMut, FdtNodeMut, SliceBuffer},
    standard::NodeStandard,
};
use hv_boot::{ExitCode, Machine, println};

/// Where the kernel is: scripts/qemu-virt.sh has it loaded there.
const KERNEL: usize = 0x5000_0000;

/// The memory behind its image that Linux needs to start at all.
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

/// Ends the machine with a sentence: there is no guest to start.
macro_rules! refuse {
    ($($reason:tt)*) => {{
        println!("hv-boot: {}", format_args!($($reason)*));
        ExitCode::FAILURE.exit()
    }};
}

impl Guest {
    /// Finds what the boot loader left, and changes the device tree to what the guest gets.
    pub(super) fn find(machine: &Machine) -> Self {
        let level = machine.boot_cpu().level();
        if level != "EL2" {
            refuse!("a guest needs EL2 below it, and this image runs at {level}");
        }
        let (named, served) = (machine.cpu_count(), machine.served_cpu_count());
        if named < served {
            refuse!("the machine has {served} cores, but the device tree names {named}");
        }
        let memory = memory(machine);
        let kernel = match memory.contains(&KERNEL) {
            true => kernel_size(),
            false => 0,
        };
        let (end, needed) = (memory.end, KERNEL + kernel + ROOM);
        if end < needed {
            refuse!("too little memory: it ends at {end:#x}, and Linux needs it up to {needed:#x}");
        }
        let tree = machine.device_tree();
        // SAFETY: rule 9, rule 12: hv-boot has read the tree there, and nothing else refers to it any more.
        let mut edited = unsafe { FdtMut::from_raw_unchecked(tree) };
        if !has_initrd(edited.as_read_only()) {
            refuse!("no initrd: the device tree names none, and Linux has no other program to run");
        }
        let withheld = withhold(&mut edited);
        give_memory(&mut edited, &memory);
        Self {
            entry: KERNEL,
            tree: tree.addr(),
            memory,
            withheld,
        }
    }
}

/// The memory behind this image, to the end of its range.
fn memory(machine: &Machine) -> Range<usize> {
    let start = machine.image().end.next_multiple_of(BLOCK);
    let mut ranges = machine.memory().iter();
    let range = ranges.find(|range| range.contains(&start));
    start..range.map_or(start, |range| range.end & !(BLOCK - 1))
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

/// The size of the kernel's image in memory, once it is one that can start at [`KERNEL`].
fn kernel_size() -> usize {
    // SAFETY: rule 9: RAM that no static and no stack is in, and that nobody writes.
    let header = unsafe { ptr::with_exposed_provenance::<ImageHeader>(KERNEL).read() };
    let flags = header.flags & (ImageHeader::BIG_ENDIAN | ImageHeader::ANYWHERE);
    if header.magic != ImageHeader::MAGIC || flags != ImageHeader::ANYWHERE {
        refuse!("no kernel: there is no arm64 Image of Linux 4.6 or newer at {KERNEL:#x}");
    }
    header.image_size as usize
}

type Tree = FdtMut<SliceBuffer<'static>>;

fn has_initrd(tree: Fdt<'_>) -> bool {
    let chosen = tree.find_node("/chosen");
    chosen.is_some_and(|chosen| chosen.property("linux,initrd-start").is_some())
}

/// Takes the withheld device out of the tree, and returns where its registers are.
fn withhold(tree: &mut Tree) -> Range<usize> {
    let is_it = |node: FdtNode<'_>| node.is_compatible(WITHHELD);
    edit(tree, WITHHELD, is_it, |node| {
        let registers = registers(node.as_read_only())?;
        node.remove();
        Some(registers)
    })
}

/// Makes `memory` all that the tree's memory node names.
fn give_memory(tree: &mut Tree, memory: &Range<usize>) {
    let is_it = |node: FdtNode<'_>| registers(node).is_some_and(|it| it.contains(&memory.start));
    edit(tree, "memory", is_it, |mut node| {
        let halves = |value: usize| [(value >> 32) as u32, value as u32];
        let ([a, b], [c, d]) = (halves(memory.start), halves(memory.len()));
        node.property_mut("reg")?.set_value([a, b, c, d]).ok()
    })
}

/// Changes the node below the root that `is_it` knows. No edit makes the tree longer, so that its place is enough.
fn edit<R>(
    tree: &mut Tree,
    what: &str,
    is_it: impl Fn(FdtNode<'_>) -> bool,
    change: impl FnOnce(FdtNodeMut<'_, SliceBuffer<'static>>) -> Option<R>,
) -> R {
    let mut root = tree.root_mut();
    let mut nodes = root.children_mut();
    while let Some(node) = nodes.next() {
        if is_it(node.as_read_only()) {
            return change(node)
                .unwrap_or_else(|| refuse!("the device tree cannot be changed at {what}"));
        }
    }
    refuse!("the device tree has no {what}")
}

/// The first block of a node's `reg`.
fn registers(node: FdtNode<'_>) -> Option<Range<usize>> {
    let first = node.reg().ok()??.next()?;
    let (start, size): (u64, u64) = (first.address().ok()?, first.size().ok()?);
    Some(start as usize..(start + size) as usize)
}
