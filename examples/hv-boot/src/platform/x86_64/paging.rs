//! The identity map: memory is cached, the APIC is not, code is read-only and alone executable.
//!
//! Built once by the boot core; all cores use the same tables, of four levels ("4-Level Paging and 5-Level Paging"),
//! with pages of 2 MiB and 4 KiB.

use core::{fmt::Debug, ops::Range};

use x86_64::{
    PhysAddr, VirtAddr,
    registers::control::{Cr3, Cr3Flags},
    structures::paging::{
        FrameAllocator, Mapper, OffsetPageTable, PageSize, PageTable, PageTableFlags, PhysFrame,
        Size2MiB, Size4KiB,
    },
};

use super::{
    apic,
    entry::{self, Stack},
};
use crate::{boot_cell::BootCell, machine::Machine};

pub(super) const PAGE: usize = Size4KiB::SIZE as usize;
const LARGE_PAGE: usize = Size2MiB::SIZE as usize;

/// Enough for an image of 80 MiB in small pages and 16 GiB of memory.
const TABLE_COUNT: usize = 64;

/// The table of the highest level, for [`entry`] too.
pub(super) static ROOT: BootCell<PageTable> = BootCell::new(PageTable::new());
static TABLES: BootCell<[PageTable; TABLE_COUNT]> =
    BootCell::new([const { PageTable::new() }; TABLE_COUNT]);

/// The flags of each kind of memory ("Access Rights").
const CODE: PageTableFlags = PageTableFlags::PRESENT;
const READ_ONLY_DATA: PageTableFlags = CODE.union(PageTableFlags::NO_EXECUTE);
const DATA: PageTableFlags = READ_ONLY_DATA.union(PageTableFlags::WRITABLE);
const DEVICE: PageTableFlags = DATA
    .union(PageTableFlags::NO_CACHE)
    .union(PageTableFlags::WRITE_THROUGH);

/// The tables that are not in use yet.
struct Unused(&'static mut [PageTable]);

// SAFETY: rule 11: every table is given out once, and is nobody else's.
unsafe impl FrameAllocator<Size4KiB> for Unused {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        let table = self.0.split_off_first_mut()?;
        let address = PhysAddr::new((&raw mut *table).expose_provenance() as u64);
        PhysFrame::from_start_address(address).ok()
    }
}

struct Map {
    root: OffsetPageTable<'static>,
    unused: Unused,
}

impl Map {
    /// Maps the page of size `S` at `address` to itself.
    fn page<S: PageSize + Debug>(&mut self, address: usize, flags: PageTableFlags)
    where
        OffsetPageTable<'static>: Mapper<S>,
    {
        let frame = PhysFrame::<S>::containing_address(PhysAddr::new(address as u64));
        // SAFETY: rule 11: the tables are not in use, and every address stays its own.
        let mapped = unsafe { self.root.identity_map(frame, flags, &mut self.unused) };
        match mapped {
            Ok(flush) => flush.ignore(),
            Err(error) => panic!("cannot map {address:#x} with {TABLE_COUNT} tables: {error:?}"),
        }
    }

    /// Maps a range of memory.
    fn memory(&mut self, range: Range<usize>) {
        let mut address = range.start;
        while address < range.end {
            let large = address..address.saturating_add(LARGE_PAGE);
            let fits = address.is_multiple_of(LARGE_PAGE) && large.end <= range.end;
            if fits && is_uniform(&large) {
                self.page::<Size2MiB>(address, DATA);
                address = large.end;
            } else {
                if let Some(flags) = flags(address) {
                    self.page::<Size4KiB>(address, flags);
                }
                address += PAGE;
            }
        }
    }
}

/// Whether a range has neither a part of the image nor address 0.
fn is_uniform(range: &Range<usize>) -> bool {
    let image = entry::image();
    range.start != 0 && (range.end <= image.start || image.end <= range.start)
}

/// The flags of the page of memory at `address`; `None` if an access to it is an exception.
fn flags(address: usize) -> Option<PageTableFlags> {
    if address == 0 || Stack::is_guard(address) {
        None
    } else if entry::text().contains(&address) {
        Some(CODE)
    } else if entry::rodata().contains(&address) {
        Some(READ_ONLY_DATA)
    } else {
        Some(DATA)
    }
}

/// Fills the tables for `machine`, and uses them from now on.
///
/// # Safety
///
/// Called once, by the boot core, before any other core runs.
pub(super) unsafe fn enable(machine: &Machine) {
    // SAFETY: rule 11: one core runs, and these are the only references; physical addresses are virtual ones in
    // both maps.
    let mut map = unsafe {
        Map {
            root: OffsetPageTable::new(&mut *ROOT.get(), VirtAddr::zero()),
            unused: Unused(&mut *TABLES.get()),
        }
    };
    for region in &machine.ram {
        map.memory(region.clone());
    }
    if let Some(registers) = apic::registers() {
        map.page::<Size4KiB>(registers.start, DEVICE);
    }
    let root = PhysAddr::new(ROOT.get().addr() as u64);
    // SAFETY: rule 11: the tables map what this core runs and uses to itself.
    unsafe { Cr3::write(PhysFrame::containing_address(root), Cr3Flags::empty()) };
}
