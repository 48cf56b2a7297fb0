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

/// The devices that the guest does not get. They write to any memory that they are told to: QEMU's fw_cfg, and the
/// interrupt controller's translation service, whose tables are where the guest says. Stage 2 translates what a core
/// accesses, and not what a device does. The machine that scripts/qemu-virt.sh starts has no others that write to
/// memory.
const FW_CFG: &str = "qemu,fw-cfg-mmio";
const ITS: &str = "arm,gic-v3-its";

/// The interrupt controller, below which the tree has the translation service.
const GIC: &str = "arm,gic-v3";

/// What the guest is given.
#[derive(Debug)]
pub(super) struct Guest {
    /// Where its first core starts.
    pub(super) entry: usize,
    /// Where its device tree is.
    pub(super) tree: usize,
    /// Its memory.
    pub(super) memory: Range<usize>,
    /// The registers of the devices that it does not get.
    pub(super) withheld: [Range<usize>; 2],
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
        let (end, needed) = (memory.end, (KERNEL + ROOM).saturating_add(kernel));
        if end < needed {
            refuse!("too little memory: it ends at {end:#x}, and Linux needs it up to {needed:#x}");
        }
        let tree = machine.device_tree();
        // SAFETY: rule 9, rule 12: hv-boot has read the tree there, and nothing else refers to it any more.
        let mut edited = unsafe { FdtMut::from_raw_unchecked(tree) };
        if !has_initrd(edited.as_read_only()) {
            refuse!("no initrd: the device tree names none, and Linux has no other program to run");
        }
        let Some(fw_cfg) = withhold(edited.root_mut(), FW_CFG) else {
            refuse!("the device tree has no {FW_CFG}");
        };
        let is_gic = |node: FdtNode<'_>| node.is_compatible(GIC);
        // A machine may have none.
        let its = edit(edited.root_mut(), is_gic, |gic| withhold(gic, ITS)).unwrap_or(0..0);
        give_memory(edited.root_mut(), &memory);
        Self {
            entry: KERNEL,
            tree: tree.addr(),
            memory,
            withheld: [fw_cfg, its],
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
    // Before Linux 5.8 an Image wants to be at an offset from a multiple of 2 MiB.
    if header.magic != ImageHeader::MAGIC
        || flags != ImageHeader::ANYWHERE
        || header.text_offset != 0
    {
        refuse!("no kernel: there is no arm64 Image of Linux 5.8 or newer at {KERNEL:#x}");
    }
    header.image_size as usize
}

type NodeMut<'a> = FdtNodeMut<'a, SliceBuffer<'static>>;

fn has_initrd(tree: Fdt<'_>) -> bool {
    let chosen = tree.find_node("/chosen");
    chosen.is_some_and(|chosen| chosen.property("linux,initrd-start").is_some())
}

/// Takes `device` out of the tree, and returns where its registers are.
fn withhold(parent: NodeMut<'_>, device: &str) -> Option<Range<usize>> {
    let is_it = |node: FdtNode<'_>| node.is_compatible(device);
    edit(parent, is_it, |node| {
        let registers = registers(node.as_read_only())?;
        node.remove();
        Some(registers)
    })
}

/// Makes `memory` all that the tree's memory node names.
fn give_memory(root: NodeMut<'_>, memory: &Range<usize>) {
    let is_it = |node: FdtNode<'_>| registers(node).is_some_and(|it| it.contains(&memory.start));
    let given = edit(root, is_it, |mut node| {
        let halves = |value: usize| [(value >> 32) as u32, value as u32];
        let ([a, b], [c, d]) = (halves(memory.start), halves(memory.len()));
        node.property_mut("reg")?.set_value([a, b, c, d]).ok()
    });
    given.unwrap_or_else(|| refuse!("the device tree cannot be changed at its memory"));
}

/// Changes the child of `parent` that `is_it` knows. No edit makes the tree longer, so that its place is enough.
fn edit<R>(
    mut parent: NodeMut<'_>,
    is_it: impl Fn(FdtNode<'_>) -> bool,
    change: impl FnOnce(NodeMut<'_>) -> Option<R>,
) -> Option<R> {
    let mut nodes = parent.children_mut();
    while let Some(node) = nodes.next() {
        if is_it(node.as_read_only()) {
            return change(node);
        }
    }
    None
}

/// The first block of a node's `reg`.
fn registers(node: FdtNode<'_>) -> Option<Range<usize>> {
    let first = node.reg().ok()??.next()?;
    let (start, size): (u64, u64) = (first.address().ok()?, first.size().ok()?);
    Some(start as usize..(start + size) as usize)
}
