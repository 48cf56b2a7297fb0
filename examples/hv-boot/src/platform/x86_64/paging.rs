//! The identity map, and the image once more where it is linked, if that is elsewhere: memory is cached, the APIC is
//! not, code is read-only and alone executable.
//!
//! Built once by the boot core; all cores use the same tables, of four levels ("4-Level Paging and 5-Level Paging"),
//! with pages of 2 MiB and 4 KiB.

use core::{fmt::Debug, ops::Range};

use x86_64::{
    PhysAddr, VirtAddr,
    registers::control::{Cr3, Cr3Flags},
    structures::paging::{
        FrameAllocator, Mapper, OffsetPageTable, Page, PageSize, PageTable, PageTableFlags,
        PhysFrame, Size2MiB, Size4KiB,
    },
};

use super::{
    apic,
    base::{BASE, physical},
    entry,
};
use crate::{
    boot_cell::BootCell,
    machine::Machine,
    platform::common::{image, stacks::Stack},
};

pub(super) const PAGE: usize = Size4KiB::SIZE as usize;
const LARGE_PAGE: usize = Size2MiB::SIZE as usize;

/// Enough for an image of 80 MiB in small pages, mapped twice, and 16 GiB of memory.
const TABLE_COUNT: usize = 128;

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

// SAFETY: rule 11: every table is returned once, and nothing else uses it.
unsafe impl FrameAllocator<Size4KiB> for Unused {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        let table = self.0.split_off_first_mut()?;
        let address = physical((&raw mut *table).expose_provenance());
        let address = PhysAddr::new(address as u64);
        PhysFrame::from_start_address(address).ok()
    }
}

struct Map {
    root: OffsetPageTable<'static>,
    unused: Unused,
}

impl Map {
    /// Maps the page of size `S` at the physical `address` to that address plus `distance`.
    fn page<S: PageSize + Debug>(&mut self, address: usize, distance: usize, flags: PageTableFlags)
    where
        OffsetPageTable<'static>: Mapper<S>,
    {
        let page = Page::<S>::containing_address(VirtAddr::new((address + distance) as u64));
        let frame = PhysFrame::containing_address(PhysAddr::new(address as u64));
        // SAFETY: rule 11: the tables are not in use, and every address that is stays what it was.
        let mapped = unsafe { self.root.map_to(page, frame, flags, &mut self.unused) };
        match mapped {
            Ok(flush) => flush.ignore(),
            Err(error) => panic!("cannot map {address:#x} with {TABLE_COUNT} tables: {error:?}"),
        }
    }

    /// Maps a range of memory to its addresses plus `distance`.
    fn memory(&mut self, range: Range<usize>, distance: usize) {
        let mut address = range.start;
        while address < range.end {
            let large = address..address.saturating_add(LARGE_PAGE);
            let fits = address.is_multiple_of(LARGE_PAGE) && large.end <= range.end;
            if fits && is_uniform(&large) {
                self.page::<Size2MiB>(address, distance, DATA);
                address = large.end;
            } else {
                if let Some(flags) = flags(address) {
                    self.page::<Size4KiB>(address, distance, flags);
                }
                address += PAGE;
            }
        }
    }
}

/// Whether a range of memory has neither a part of the image nor address 0.
fn is_uniform(range: &Range<usize>) -> bool {
    let whole = entry::image();
    range.start != 0 && (range.end <= whole.start || whole.end <= range.start)
}

/// The flags of the page of memory at the physical `address`; `None` if an access to it is an exception.
fn flags(address: usize) -> Option<PageTableFlags> {
    let linked = address.wrapping_add(BASE);
    if address == 0 || Stack::is_guard(linked) {
        None
    } else if image::text().contains(&linked) {
        Some(CODE)
    } else if image::rodata().contains(&linked) {
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
    // SAFETY: rule 11: one core runs, and these are the only references; all tables are in the image, which is at
    // this distance from memory in both maps.
    let mut map = unsafe {
        Map {
            root: OffsetPageTable::new(&mut *ROOT.get(), VirtAddr::new(BASE as u64)),
            unused: Unused(&mut *TABLES.get()),
        }
    };
    for region in &machine.ram {
        map.memory(region.clone(), 0);
    }
    if BASE != 0 {
        map.memory(entry::image(), BASE);
    }
    if let Some(registers) = apic::registers() {
        map.page::<Size4KiB>(registers.start, 0, DEVICE);
    }
    let root = PhysAddr::new(physical(ROOT.get().addr()) as u64);
    // SAFETY: rule 11: the tables map what this core runs and uses as before.
    unsafe { Cr3::write(PhysFrame::containing_address(root), Cr3Flags::empty()) };
}
