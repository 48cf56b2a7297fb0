//! The relocations of AArch64 that compiled Rust has (ELF for the Arm 64-bit Architecture, "Relocation").

use elf::abi;

use super::error::Error;

/// What a relocation writes.
enum Field {
    /// A value of so many bytes.
    Data(usize),
    /// Bits of an instruction: how many, from which one on, and which bit of the value is the lowest.
    Instruction { bits: u32, at: u32, from: u32 },
    /// The page in an `adrp`, whose bits are in two parts.
    Page,
}

/// Applies the relocation `kind` to the bytes at its `offset` in a section. `place` is the address of these bytes, and
/// `value` the address that the relocation refers to: S + A.
pub(super) fn apply(
    kind: u32,
    section: &mut [u8],
    offset: u64,
    place: u64,
    value: u64,
) -> Result<(), Error<'static>> {
    let instruction = |bits, at, from| Field::Instruction { bits, at, from };
    let distance = value.wrapping_sub(place);
    let page = |address: u64| address & !0xfff;
    // The last two: whether the value has to fit, as a signed number, into what the field holds.
    let (field, value, checked) = match kind {
        abi::R_AARCH64_NONE => return Ok(()),
        abi::R_AARCH64_ABS64 => (Field::Data(8), value, false),
        abi::R_AARCH64_PREL64 => (Field::Data(8), distance, false),
        abi::R_AARCH64_PREL32 => (Field::Data(4), distance, true),
        abi::R_AARCH64_MOVW_UABS_G0_NC => (instruction(16, 5, 0), value, false),
        abi::R_AARCH64_MOVW_UABS_G1_NC => (instruction(16, 5, 16), value, false),
        abi::R_AARCH64_MOVW_UABS_G2_NC => (instruction(16, 5, 32), value, false),
        abi::R_AARCH64_MOVW_UABS_G3 => (instruction(16, 5, 48), value, false),
        abi::R_AARCH64_ADR_PREL_PG_HI21 => {
            (Field::Page, page(value).wrapping_sub(page(place)), true)
        }
        abi::R_AARCH64_ADD_ABS_LO12_NC | abi::R_AARCH64_LDST8_ABS_LO12_NC => {
            (instruction(12, 10, 0), value & 0xfff, false)
        }
        abi::R_AARCH64_LDST16_ABS_LO12_NC => (instruction(11, 10, 1), value & 0xfff, false),
        abi::R_AARCH64_LDST32_ABS_LO12_NC => (instruction(10, 10, 2), value & 0xfff, false),
        abi::R_AARCH64_LDST64_ABS_LO12_NC => (instruction(9, 10, 3), value & 0xfff, false),
        abi::R_AARCH64_LDST128_ABS_LO12_NC => (instruction(8, 10, 4), value & 0xfff, false),
        abi::R_AARCH64_CALL26 | abi::R_AARCH64_JUMP26 => (instruction(26, 0, 2), distance, true),
        _ => return Err(Error::UnknownRelocation(kind)),
    };
    let outside = Error::OutsideOfSection { kind, offset };
    let size = if let Field::Data(size) = field {
        size
    } else {
        4
    };
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let Some(bytes) = section
        .get_mut(start..)
        .and_then(|rest| rest.get_mut(..size))
    else {
        return Err(outside);
    };
    let reach = match field {
        Field::Data(size) => 8 * size as u32,
        Field::Instruction { bits, from, .. } => bits + from,
        Field::Page => 33,
    };
    let lost = match field {
        // A move takes any bits, and a load or a store those of an aligned address.
        Field::Instruction { bits: 16, .. } | Field::Data(_) => 0,
        Field::Instruction { from, .. } => value & ((1 << from) - 1),
        Field::Page => 0,
    };
    if lost != 0 || checked && !is_signed(value, reach) {
        return Err(Error::OutOfReach { kind, value });
    }
    match field {
        Field::Data(size) => bytes.copy_from_slice(&value.to_le_bytes()[..size]),
        Field::Instruction { bits, at, from } => {
            let mask = (1 << bits) - 1;
            insert(bytes, mask << at, ((value >> from) as u32 & mask) << at);
        }
        Field::Page => {
            let pages = (value >> 12) as u32;
            let fields = (pages & 0b11) << 29 | (pages >> 2 & 0x7_ffff) << 5;
            insert(bytes, 0b11 << 29 | 0x7_ffff << 5, fields);
        }
    }
    Ok(())
}

/// Returns whether a signed number of so many bits has this value.
fn is_signed(value: u64, bits: u32) -> bool {
    let unused = 64 - bits;
    ((value << unused) as i64 >> unused) as u64 == value
}

/// Replaces bits of an instruction.
fn insert(bytes: &mut [u8], mask: u32, bits: u32) {
    let mut instruction = [0; 4];
    instruction.copy_from_slice(bytes);
    let new = u32::from_le_bytes(instruction) & !mask | bits;
    bytes.copy_from_slice(&new.to_le_bytes());
}
