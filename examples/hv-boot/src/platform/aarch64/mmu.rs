//! The identity map: memory is cached and shared, devices are not, code is read-only and alone executable.
//!
//! Built once by the boot core while its MMU is off; all cores use the same tables. 4 KiB granule, three
//! levels, 39 bits of address (D8.2, D8.3).

use core::ops::Range;

use super::{
    entry::{self, Stack},
    level::{Level, level},
};
use crate::{boot_cell::BootCell, machine::Machine};

pub(super) const PAGE: usize = 4096;
/// The first level covers all 39 bits: entries of 1 GiB, 2 MiB and 4 KiB.
const LEVELS: [usize; 3] = [1 << 30, 1 << 21, 1 << 12];
/// The first address that the tables do not reach.
const END: usize = 512 << 30;

#[derive(Clone, Copy)]
#[repr(C, align(4096))]
pub(super) struct Table([u64; 512]);

/// Enough for the guard pages of 512 stacks (16 tables of pages) and an image of 80 MiB.
const TABLE_COUNT: usize = 64;

/// The first table is the root; it stands at the start, where [`entry`] expects it.
#[repr(C)]
pub(super) struct Tables {
    tables: [Table; TABLE_COUNT],
    used: usize,
}

pub(super) static TABLES: BootCell<Tables> = BootCell::new(Tables {
    tables: [Table([0; 512]); TABLE_COUNT],
    used: 0,
});

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

/// `MAIR_ELx`: attribute 0 is Device-nGnRE, attribute 1 is normal write-back memory (D24.2.120).
pub(super) const MAIR: u64 = 0xff_04;

const VALID: u64 = 1 << 0;
/// A table, or at the last level a page; otherwise a block.
const TABLE_OR_PAGE: u64 = 1 << 1;
const NORMAL: u64 = 1 << 2;
/// AP\[1\]: RES1 where the translation regime has one privilege level, as at EL2.
const EL2_RES1: u64 = 1 << 6;
const READ_ONLY: u64 = 1 << 7;
const INNER_SHAREABLE: u64 = 0b11 << 8;
const ACCESSED: u64 = 1 << 10;
/// XN at EL2; PXN and UXN together at EL1.
const EL2_NO_EXECUTE: u64 = 1 << 54;
const EL1_NO_EXECUTE: u64 = 0b11 << 53;
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;

impl Kind {
    /// The attributes of a block or page of this kind (D8.3.1.2).
    fn attributes(self) -> u64 {
        let (base, no_execute, no_user_execute) = match level() {
            Level::El1 => (VALID | ACCESSED, EL1_NO_EXECUTE, EL2_NO_EXECUTE),
            _ => (VALID | ACCESSED | EL2_RES1, EL2_NO_EXECUTE, 0),
        };
        let memory = NORMAL | INNER_SHAREABLE;
        match self {
            Self::Device => base | no_execute,
            Self::Data => base | memory | no_execute,
            Self::ReadOnlyData => base | memory | READ_ONLY | no_execute,
            Self::Code => base | memory | READ_ONLY | no_user_execute,
            Self::Nothing => 0,
        }
    }
}

impl Tables {
    fn map(&mut self, range: Range<usize>, kind: Kind) {
        assert!(
            range.end <= END,
            "{range:#x?} is beyond the tables' 512 GiB"
        );
        assert!(
            range.start.is_multiple_of(PAGE) && range.end.is_multiple_of(PAGE),
            "{range:#x?} is not made of pages"
        );
        self.map_in(0, 0, 0, range, kind.attributes());
    }

    /// Sets the entries of `range` in table `table` of level `depth`, whose first address is `base`.
    fn map_in(
        &mut self,
        table: usize,
        depth: usize,
        base: usize,
        range: Range<usize>,
        attributes: u64,
    ) {
        let size = LEVELS[depth];
        let indices = (range.start - base) / size..(range.end - base).div_ceil(size);
        for index in indices {
            let entry = base + index * size;
            let part = range.start.max(entry)..range.end.min(entry + size);
            if part.len() == size {
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
        let first = (&raw const self.tables).addr();
        if old & TABLE_OR_PAGE != 0 {
            return ((old & ADDRESS) as usize - first) / size_of::<Table>();
        }
        let new = self.used;
        assert!(
            new < TABLE_COUNT,
            "the image or its memory map needs more than {TABLE_COUNT} tables"
        );
        self.used += 1;
        let (address, attributes) = ((old & ADDRESS) as usize, old & !ADDRESS);
        for (index, entry) in self.tables[new].0.iter_mut().enumerate() {
            *entry = leaf(address + index * LEVELS[depth + 1], depth + 1, attributes);
        }
        self.tables[table].0[index] =
            (first + new * size_of::<Table>()) as u64 | TABLE_OR_PAGE | VALID;
        new
    }
}

/// A block, a page at the last level, or an invalid entry.
fn leaf(address: usize, depth: usize, attributes: u64) -> u64 {
    let page = if depth + 1 == LEVELS.len() {
        TABLE_OR_PAGE
    } else {
        0
    };
    match attributes & VALID {
        0 => 0,
        _ => address as u64 | attributes | page,
    }
}

/// Fills the tables for `machine`.
///
/// # Safety
///
/// Called once, by the boot core, with its MMU off.
pub(super) unsafe fn build(machine: &Machine) {
    // SAFETY: rule 11: one core runs, its MMU is off, and this is the only reference.
    let tables = unsafe { &mut *TABLES.get() };
    tables.used = 1;
    // All devices of the `virt` machine that an image here uses are in the first GiB.
    tables.map(0..LEVELS[0], Kind::Device);
    let uart = machine.platform.uart & !(PAGE - 1);
    if uart >= LEVELS[0] {
        tables.map(uart..uart + PAGE, Kind::Device);
    }
    for region in &machine.ram {
        tables.map(region.clone(), Kind::Data);
    }
    tables.map(entry::text(), Kind::Code);
    tables.map(entry::rodata(), Kind::ReadOnlyData);
    for stack in 0..machine.cpu_count() {
        tables.map(Stack::guard(stack), Kind::Nothing);
    }
}
