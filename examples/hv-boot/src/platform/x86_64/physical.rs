//! Memory that the boot loader's and the firmware's tables name, while the identity map of the first 4 GiB is on.

use core::{ops::Range, ptr, slice};

/// What the entry code maps.
pub(super) const MAPPED: Range<u64> = 1..4 << 30;

/// `length` bytes at `address`; `None` if they are not all within [`MAPPED`].
///
/// # Safety
///
/// The boot core runs alone, with the identity map of the entry code, nothing writes these bytes while the slice
/// lives, and reading them has no effect.
pub(super) unsafe fn bytes<'a>(address: u64, length: usize) -> Option<&'a [u8]> {
    let end = address.checked_add(length as u64)?;
    if !MAPPED.contains(&address) || end > MAPPED.end {
        return None;
    }
    let start = ptr::with_exposed_provenance(address as usize);
    // SAFETY: rule 12: mapped, and the rest is the caller's promise.
    Some(unsafe { slice::from_raw_parts(start, length) })
}

/// The `N` bytes at `offset`; `None` if they are not all there.
fn field<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// The little-endian number of 32 bits at `offset`.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    field(bytes, offset).map(u32::from_le_bytes)
}

/// The little-endian number of 64 bits at `offset`.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    field(bytes, offset).map(u64::from_le_bytes)
}
