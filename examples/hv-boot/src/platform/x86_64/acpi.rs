//! Reading ACPI's tables: the CPUs, the power management timer, the way to switch the machine off.

use core::fmt;

use arrayvec::ArrayVec;

use super::{
    hardware_id,
    physical::{bytes, u32_at, u64_at},
    power::Power,
    timer::PowerManagementTimer,
};
use crate::machine::MAX_CPUS;

/// What the tables say.
pub(super) struct Tables {
    /// The APIC ids of the usable CPUs: the running one first, the others in the table's order.
    pub(super) cpus: ArrayVec<u64, MAX_CPUS>,
    pub(super) timer: PowerManagementTimer,
    pub(super) power: Power,
}

/// What keeps the image from running.
pub(super) enum Error {
    Missing(&'static str),
    Malformed(&'static str),
    TooManyCpus,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "the ACPI tables name no {what}"),
            Self::Malformed(what) => write!(f, "the ACPI table {what} is malformed"),
            Self::TooManyCpus => write!(f, "the ACPI tables name more than {MAX_CPUS} cpus"),
        }
    }
}

/// Reads the tables that the root pointer at `rsdp` leads to.
///
/// # Safety
///
/// `rsdp` is what the boot loader passed, and the boot core runs alone with the entry code's map.
pub(super) unsafe fn read(rsdp: u64) -> Result<Tables, Error> {
    // SAFETY: rule 12: the firmware put a table at every address that the root pointer leads to.
    let (madt, fadt, dsdt) = unsafe {
        let root = Root::read(rsdp).ok_or(Error::Malformed("RSDP"))?;
        let madt = root.find(*b"APIC").ok_or(Error::Missing("MADT"))?;
        let fadt = root.find(*b"FACP").ok_or(Error::Missing("FADT"))?;
        let dsdt = dsdt(fadt).ok_or(Error::Missing("DSDT"))?;
        (madt, fadt, dsdt)
    };
    Ok(Tables {
        cpus: cpus(madt)?,
        timer: timer(fadt).ok_or(Error::Missing("power management timer"))?,
        power: power(fadt, dsdt).ok_or(Error::Missing("soft off state"))?,
    })
}

/// The length of the header that all tables but the RSDP share (5.2.6).
const HEADER: usize = 36;

/// The table at `address`, if its checksum is right.
///
/// # Safety
///
/// As [`read`], with an address from a table.
unsafe fn table<'a>(address: u64) -> Option<&'a [u8]> {
    // SAFETY: rule 12: the firmware put a table there; its length is a part of its header.
    let table = unsafe {
        let length = u32_at(bytes(address, HEADER)?, 4)? as usize;
        bytes(address, length)?
    };
    (table.len() >= HEADER && sums_to_zero(table)).then_some(table)
}

fn sums_to_zero(table: &[u8]) -> bool {
    table.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0
}

/// The table of tables.
enum Root<'a> {
    /// With addresses of 32 bits (5.2.7).
    Rsdt(&'a [u8]),
    /// With addresses of 64 bits (5.2.8).
    Xsdt(&'a [u8]),
}

impl<'a> Root<'a> {
    /// Follows the root pointer (5.2.5.3).
    ///
    /// # Safety
    ///
    /// As [`read`].
    unsafe fn read(rsdp: u64) -> Option<Self> {
        // SAFETY: rule 12: the caller's promise. The second revision is 16 bytes longer.
        unsafe {
            let first = bytes(rsdp, 20)?;
            if !first.starts_with(b"RSD PTR ") || !sums_to_zero(first) {
                return None;
            }
            if first[15] < 2 {
                return Some(Self::Rsdt(table(u32_at(first, 16)?.into())?));
            }
            let second = bytes(rsdp, 36).filter(|rsdp| sums_to_zero(rsdp))?;
            Some(Self::Xsdt(table(u64_at(second, 24)?)?))
        }
    }

    /// The first table with a signature.
    ///
    /// # Safety
    ///
    /// As [`read`].
    unsafe fn find(&self, signature: [u8; 4]) -> Option<&'a [u8]> {
        let (root, size) = match self {
            Self::Rsdt(root) => (root, 4),
            Self::Xsdt(root) => (root, 8),
        };
        let mut entries = root[HEADER..].chunks_exact(size);
        entries.find_map(|entry| {
            let address = u64_at(entry, 0).or_else(|| u32_at(entry, 0).map(u64::from))?;
            // SAFETY: rule 12: the root table names only tables.
            unsafe { table(address) }.filter(|table| table.starts_with(&signature))
        })
    }
}

/// The definition block that the FADT names (5.2.9), by `X_DSDT` or `DSDT`.
///
/// # Safety
///
/// As [`read`].
unsafe fn dsdt<'a>(fadt: &[u8]) -> Option<&'a [u8]> {
    let extended = u64_at(fadt, 140).filter(|&dsdt| dsdt != 0);
    let dsdt = extended.or_else(|| u32_at(fadt, 40).map(u64::from))?;
    // SAFETY: rule 12: the FADT names a table.
    unsafe { table(dsdt) }
}

/// The APIC id of each enabled CPU: the MADT's entries of types 0 and 9 (5.2.12.2, 5.2.12.12).
fn cpus(madt: &[u8]) -> Result<ArrayVec<u64, MAX_CPUS>, Error> {
    const ENABLED: u32 = 1 << 0;
    let malformed = || Error::Malformed("MADT");

    let mut cpus = ArrayVec::new();
    let mut rest = madt.get(HEADER + 8..).ok_or_else(malformed)?;
    while let [kind, length, ..] = *rest {
        // An entry of less than its own header would never end.
        let length = usize::from(length).max(2);
        let (entry, next) = rest.split_at_checked(length).ok_or_else(malformed)?;
        let (id, flags) = match kind {
            0 => (entry.get(3).copied().map(u64::from), u32_at(entry, 4)),
            9 => (u32_at(entry, 4).map(u64::from), u32_at(entry, 8)),
            _ => (Some(0), Some(0)),
        };
        let (id, flags) = id.zip(flags).ok_or_else(malformed)?;
        if flags & ENABLED != 0 {
            cpus.try_push(id).map_err(|_| Error::TooManyCpus)?;
        }
        rest = next;
    }
    let here = hardware_id();
    let boot = cpus.iter().position(|&cpu| cpu == here);
    let boot = boot.ok_or(Error::Missing("cpu with this core's APIC id"))?;
    cpus[..=boot].rotate_right(1);
    Ok(cpus)
}

/// The I/O port that the FADT has at `offset`; `None` if there is no such register.
fn port(fadt: &[u8], offset: usize) -> Option<u16> {
    let port = u32_at(fadt, offset)?;
    u16::try_from(port).ok().filter(|&port| port != 0)
}

/// `PM_TMR_BLK` (4.8.3.3).
fn timer(fadt: &[u8]) -> Option<PowerManagementTimer> {
    Some(PowerManagementTimer {
        port: port(fadt, 76)?,
    })
}

/// `PM1a_CNT_BLK` and `PM1b_CNT_BLK` (4.8.3.2), and what to write there for the state S5 (7.4.2): the values of
/// the DSDT's package `_S5_`, which is found by its name, without an interpreter.
fn power(fadt: &[u8], dsdt: &[u8]) -> Option<Power> {
    const NAME_AND_PACKAGE: &[u8] = b"_S5_\x12";
    let mut places = dsdt.windows(NAME_AND_PACKAGE.len());
    let start = places.position(|place| place == NAME_AND_PACKAGE)? + NAME_AND_PACKAGE.len();
    let package = dsdt.get(start..)?;
    // The package's length, whose first byte says how many more there are, then its number of elements (20.2.4).
    let elements = package.get(usize::from(*package.first()? >> 6) + 2..)?;
    let (a, elements) = small_integer(elements)?;
    let (b, _) = small_integer(elements)?;
    Some(Power {
        a: (port(fadt, 64)?, a),
        b: port(fadt, 68).map(|port| (port, b)),
    })
}

/// An integer of at most one byte, and what follows it (20.2.3).
fn small_integer(code: &[u8]) -> Option<(u8, &[u8])> {
    match code {
        [value @ (0 | 1), rest @ ..] | [0x0a, value, rest @ ..] => Some((*value, rest)),
        _ => None,
    }
}
