//! The long-descriptor translation tables of the Arm architecture: an identity map in three levels with a granule of
//! 4 KiB. (Arm ARM DDI 0487, "Translation table descriptor formats"; for AArch32 "The VMSAv8-32 Long-descriptor
//! translation table format", where the first level has four entries.)
//!
//! Built once by the boot core while its MMU is off; all cores use the same tables. Memory is cached and shared,
//! devices are not, code is read-only and alone executable.

use core::ops::Range;

use super::{image, stacks::Stack};
use crate::{boot_cell::BootCell, machine::Machine};

/// The size of a page.
const PAGE: usize = 4096;
/// What an entry of each level covers; the first level covers all 39 bits.
const LEVELS: [u64; 3] = [1 << 30, 1 << 21, 1 << 12];
/// How far devices reach.
const DEVICES: usize = 1 << 30;
/// The first address that the tables do not reach.
const END: u64 = 512 << 30;

#[derive(Clone, Copy, Debug)]
#[repr(C, align(4096))]
struct Table([u64; 512]);

/// Enough for the guard pages of 512 stacks (16 tables of pages) and an image of 80 MiB.
const TABLE_COUNT: usize = 64;

/// The tables of a stage of translation: 39 bits of addresses, each of which translates to itself.
///
/// The first table is the root; it stands at the start, where the entry code expects it.
#[derive(Debug)]
#[repr(C)]
pub struct Tables {
    tables: [Table; TABLE_COUNT],
    /// How many are in use besides the root.
    below: usize,
}

/// What a range of addresses is, hence how it may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Registers: no caching, no gathering, no reordering; never executed.
    Device,
    Data,
    ReadOnlyData,
    Code,
    /// An access is an exception.
    Nothing,
}

/// Bits whose meaning depends on the privilege level that translates.
#[derive(Clone, Copy)]
pub(in crate::platform) struct Regime {
    /// In every block and page.
    pub(in crate::platform) always: u64,
    /// In what is not executable.
    pub(in crate::platform) no_execute: u64,
    /// In what only the privileged level executes.
    pub(in crate::platform) no_user_execute: u64,
}

/// `MAIR_ELx`, `MAIR0` and `HMAIR0`: attribute 0 is Device-nGnRE, attribute 1 is normal write-back memory.
pub(in crate::platform) const MAIR: u64 = 0xff_04;

const VALID: u64 = 1 << 0;
/// A table, or at the last level a page; otherwise a block.
const TABLE_OR_PAGE: u64 = 1 << 1;
const NORMAL: u64 = 1 << 2;
const READ_ONLY: u64 = 1 << 7;
const INNER_SHAREABLE: u64 = 0b11 << 8;
const ACCESSED: u64 = 1 << 10;
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;

impl Regime {
    /// The attributes of a block or page of this kind.
    fn attributes(self, kind: Kind) -> u64 {
        let base = VALID | ACCESSED | self.always;
        let memory = NORMAL | INNER_SHAREABLE;
        match kind {
            Kind::Device => base | self.no_execute,
            Kind::Data => base | memory | self.no_execute,
            Kind::ReadOnlyData => base | memory | READ_ONLY | self.no_execute,
            Kind::Code => base | memory | READ_ONLY | self.no_user_execute,
            Kind::Nothing => 0,
        }
    }
}

pub(in crate::platform) static TABLES: BootCell<Tables> = BootCell::new(Tables::new());

/// Fills the tables for `machine`, whose console is at `uart`.
///
/// # Safety
///
/// Called once, by the boot core, with its MMU off.
pub(in crate::platform) unsafe fn build(machine: &Machine, uart: usize, regime: Regime) {
    // SAFETY: rule 11: one core runs, its MMU is off, and this is the only reference.
    let tables = unsafe { &mut *TABLES.get() };
    let mut map = |range, kind| tables.map(range, regime.attributes(kind));
    // All devices of the `virt` machine that an image here uses are in the first GiB.
    map(0..DEVICES, Kind::Device);
    let uart = uart & !(PAGE - 1);
    if uart >= DEVICES {
        map(uart..uart + PAGE, Kind::Device);
    }
    for region in &machine.ram {
        map(region.clone(), Kind::Data);
    }
    map(image::text(), Kind::Code);
    map(image::rodata(), Kind::ReadOnlyData);
    // By pages: later only what a page permits changes.
    #[cfg(target_arch = "aarch64")]
    for page in image::paged().step_by(PAGE) {
        map(page..page + PAGE, Kind::Data);
    }
    for guard in (0..machine.cpu_count()).map(Stack::guard) {
        map(guard..guard + Stack::GUARD, Kind::Nothing);
    }
}

/// Maps pages of the part for loaded code as code, or as data again. The caller cleans the TLBs.
///
/// # Safety
///
/// `range` is in that part, which the caller owns, and nothing else changes the tables meanwhile.
#[cfg(target_arch = "aarch64")]
pub(in crate::platform) unsafe fn set_executable(
    range: Range<usize>,
    regime: Regime,
    executable: bool,
) {
    let kind = if executable { Kind::Code } else { Kind::Data };
    // SAFETY: rule 11: the caller alone changes them, and cores that run only walk them.
    let tables = unsafe { &mut *TABLES.get() };
    tables.map(range, regime.attributes(kind));
}

/// Unmaps pages of the areas. The caller cleans the TLBs.
///
/// # Safety
///
/// Nothing accesses `range` from now on, and nothing else changes the tables meanwhile.
#[cfg(target_arch = "aarch64")]
pub(in crate::platform) unsafe fn unmap(range: Range<usize>) {
    // SAFETY: rule 11: the caller alone changes them, and cores that run only walk them.
    let tables = unsafe { &mut *TABLES.get() };
    tables.map(range, 0);
}

impl Default for Tables {
    fn default() -> Self {
        Self::new()
    }
}

impl Tables {
    /// Tables that translate no address. They are zero, so that a static of them takes no space in the file.
    pub const fn new() -> Self {
        Self {
            tables: [Table([0; 512]); TABLE_COUNT],
            below: 0,
        }
    }

    /// The physical address of the root, a table of level 1.
    pub fn root(&self) -> usize {
        (&raw const self.tables).addr()
    }

    /// Maps the pages of `range` to themselves with the `attributes` of a block: the bits of a descriptor that are
    /// neither its address nor bit 1. Without bit 0, an access is a fault.
    ///
    /// # Panics
    ///
    /// If `range` is not made of pages of 4 KiB, reaches beyond 512 GiB, or needs more tables than there are.
    pub fn map(&mut self, range: Range<usize>, attributes: u64) {
        assert!(
            range.start.is_multiple_of(PAGE) && range.end.is_multiple_of(PAGE),
            "{range:#x?} is not made of pages"
        );
        if range.is_empty() {
            return;
        }
        let range = range.start as u64..range.end as u64;
        assert!(
            range.end <= END,
            "{range:#x?} is beyond the tables' 512 GiB"
        );
        self.map_in(0, 0, 0, range, attributes);
    }

    /// Sets the entries of `range` in table `table` of level `depth`, whose first address is `base`.
    fn map_in(
        &mut self,
        table: usize,
        depth: usize,
        base: u64,
        range: Range<u64>,
        attributes: u64,
    ) {
        let size = LEVELS[depth];
        let indices = (range.start - base) / size..(range.end - base).div_ceil(size);
        for index in indices {
            let entry = base + index * size;
            let part = range.start.max(entry)..range.end.min(entry + size);
            let index = index as usize;
            if part.end - part.start == size {
                self.tables[table].0[index] = leaf(entry, depth, attributes);
            } else {
                let next = self.table_below(table, index, depth);
                self.map_in(next, depth + 1, entry, part, attributes);
            }
        }
    }

    /// The table under an entry, made from the entry's block if there is none yet.
    fn table_below(&mut self, table: usize, index: usize, depth: usize) -> usize {
        let old = self.tables[table].0[index];
        let first = self.root();
        if old & TABLE_OR_PAGE != 0 {
            return ((old & ADDRESS) as usize - first) / size_of::<Table>();
        }
        let new = self.below + 1;
        assert!(
            new < TABLE_COUNT,
            "the image or its memory map needs more than {TABLE_COUNT} tables"
        );
        self.below = new;
        let (address, attributes) = (old & ADDRESS, old & !ADDRESS);
        for (index, entry) in (0..).zip(&mut self.tables[new].0) {
            *entry = leaf(address + index * LEVELS[depth + 1], depth + 1, attributes);
        }
        self.tables[table].0[index] =
            (first + new * size_of::<Table>()) as u64 | TABLE_OR_PAGE | VALID;
        new
    }
}

/// A block, a page at the last level, or an invalid entry.
fn leaf(address: u64, depth: usize, attributes: u64) -> u64 {
    let page = if depth + 1 == LEVELS.len() {
        TABLE_OR_PAGE
    } else {
        0
    };
    match attributes & VALID {
        0 => 0,
        _ => address | attributes | page,
    }
}
