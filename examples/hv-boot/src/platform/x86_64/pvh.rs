//! Reading what the boot loader passes: memory, and where ACPI's tables are (Xen, docs/misc/pvh.pandoc and
//! `hvm_start_info` of public/arch-x86/hvm/start_info.h).

use core::{fmt, ops::Range};

use arrayvec::ArrayVec;

use super::{
    Description, acpi, entry,
    paging::PAGE,
    physical::{bytes, u32_at, u64_at},
    secondary::Trampoline,
    timer,
};
use crate::machine::Machine;

const MAGIC: u32 = 0x336e_c578;
/// The first version that has a memory map, and its size.
const VERSION: u32 = 1;
const START_INFO_SIZE: usize = 56;
const MAP_ENTRY_SIZE: usize = 24;
/// `XEN_HVM_MEMMAP_TYPE_RAM`.
const RAM: u32 = 1;

/// The first MiB belongs to the firmware, and to [`Trampoline`].
const LOW: Range<usize> = 0..1 << 20;

/// What keeps the image from running.
pub(super) enum Error {
    Missing(&'static str),
    TooMany(&'static str),
    Acpi(acpi::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "the boot loader hands over no {what}"),
            Self::TooMany(what) => write!(f, "the boot loader names too many {what}"),
            Self::Acpi(error) => write!(f, "{error}"),
        }
    }
}

impl From<acpi::Error> for Error {
    fn from(error: acpi::Error) -> Self {
        Self::Acpi(error)
    }
}

/// Reads the start info at `address`, and ACPI's tables, which it names.
///
/// # Safety
///
/// `address` is what the boot protocol passed, and the boot core runs alone with the entry code's map.
pub(super) unsafe fn read(address: u64) -> Result<Machine, Error> {
    // SAFETY: rule 12: the boot protocol puts the structure, and what it names, into memory.
    let (info, map) = unsafe {
        let info = bytes(address, START_INFO_SIZE).filter(|info| u32_at(info, 0) == Some(MAGIC));
        let info = info.ok_or(Error::Missing("start info"))?;
        let map = match (u32_at(info, 4), u64_at(info, 40), u32_at(info, 48)) {
            (Some(VERSION..), Some(map), Some(entries)) => {
                bytes(map, entries as usize * MAP_ENTRY_SIZE)
            }
            _ => None,
        };
        (info, map.ok_or(Error::Missing("memory map"))?)
    };
    let rsdp = u64_at(info, 32).filter(|&rsdp| rsdp != 0);
    let rsdp = rsdp.ok_or(Error::Missing("ACPI root pointer"))?;
    // SAFETY: rule 12: the boot protocol names the firmware's tables, and the rest is the caller's promise.
    let tables = unsafe { acpi::read(rsdp) }?;

    let ram = ram(map)?;
    let trampoline = Trampoline::find(&ram);
    let trampoline = trampoline.ok_or(Error::Missing("page for the other cores to start in"))?;
    timer::measure(&tables.timer);
    Ok(Machine {
        cpus: tables.cpus,
        ram,
        // Start info, memory map and ACPI's tables are not read again.
        reserved: [LOW, entry::image()].into_iter().collect(),
        platform: Description {
            power: tables.power,
            trampoline,
        },
    })
}

/// The whole pages of memory.
fn ram<const N: usize>(map: &[u8]) -> Result<ArrayVec<Range<usize>, N>, Error> {
    let mut ram = ArrayVec::new();
    for entry in map.chunks_exact(MAP_ENTRY_SIZE) {
        let (start, size) = (u64_at(entry, 0), u64_at(entry, 8));
        if let (Some(start), Some(size), Some(RAM)) = (start, size, u32_at(entry, 16)) {
            let end = start.saturating_add(size) as usize & !(PAGE - 1);
            let start = (start as usize).saturating_add(PAGE - 1) & !(PAGE - 1);
            if start < end {
                let full = ram.try_push(start..end);
                full.map_err(|_| Error::TooMany("ranges of memory"))?;
            }
        }
    }
    Ok(ram)
}
