//! How the linker aligned a section of this process, according to the program headers.

use core::ffi::{c_char, c_int, c_void};
use core::slice;

/// `PT_LOAD`.
const LOADED: u32 = 1;

/// `Elf64_Phdr`, or `Elf32_Phdr`.
#[repr(C)]
struct Segment {
    kind: u32,
    #[cfg(target_pointer_width = "64")]
    _flags: u32,
    _offset: usize,
    address: usize,
    _physical: usize,
    _in_file: usize,
    in_memory: usize,
    #[cfg(target_pointer_width = "32")]
    _flags: u32,
    align: usize,
}

/// The first fields of `struct dl_phdr_info`.
#[repr(C)]
struct Object {
    /// The distance by which the loader moved the segments.
    bias: usize,
    _name: *const c_char,
    segments: *const Segment,
    count: u16,
}

unsafe extern "C" {
    fn dl_iterate_phdr(
        callback: unsafe extern "C" fn(*const Object, usize, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
}

struct Search {
    address: usize,
    align: usize,
}

/// Returns the alignment of the section that starts at `address`, or 0 if no segment contains `address`.
///
/// The result is a multiple of the alignment that the linker gave to the section, and at most that of its
/// segment: a page, or what a variable needs.
///
/// A loader need not honour more than a page, so only the linked address shows a larger alignment.
pub(crate) fn alignment(address: usize) -> usize {
    let mut search = Search { address, align: 0 };
    // SAFETY: rule 12, the C library calls `look` with `search` during this call only.
    unsafe { dl_iterate_phdr(look, (&raw mut search).cast()) };
    search.align
}

/// Searches one object for the address. A result of 0 continues the iteration.
///
/// # Safety
///
/// `object` is the argument of a dl_iterate_phdr(3) callback, and `search` points to a [`Search`] that
/// nothing else uses.
unsafe extern "C" fn look(object: *const Object, _size: usize, search: *mut c_void) -> c_int {
    // SAFETY: rule 12, the caller ensures both.
    let (object, search) = unsafe { (&*object, &mut *search.cast::<Search>()) };
    if object.count == 0 {
        return 0;
    }
    // SAFETY: rule 12, the object has `count` segments while the callback runs.
    let segments = unsafe { slice::from_raw_parts(object.segments, object.count.into()) };
    let linked = search.address.wrapping_sub(object.bias);
    let holds = |segment: &&Segment| {
        segment.kind == LOADED && linked.wrapping_sub(segment.address) < segment.in_memory
    };
    let Some(segment) = segments.iter().find(holds) else {
        return 0;
    };
    // The lowest set bit is the smaller of the two alignments: that of the address, and that of the segment.
    let bits = linked | segment.align;
    search.align = bits & bits.wrapping_neg();
    1
}

#[cfg(test)]
mod tests {
    use core::ptr;

    use super::*;

    /// Looks up an address `offset` bytes into a segment that is linked at 0x4_0000 and aligned to `align`,
    /// in an object that the loader moved by `bias`.
    fn found(bias: usize, align: usize, offset: usize) -> Option<usize> {
        let segment = |kind, address| Segment {
            kind,
            _flags: 0,
            _offset: 0,
            address,
            _physical: 0,
            _in_file: 0,
            in_memory: 0x4_0000,
            align,
        };
        // The first one contains the address too, but is not loaded.
        let segments = [
            segment(4, 0x4_0000),
            segment(LOADED, 0),
            segment(LOADED, 0x4_0000),
        ];
        let object = Object {
            bias,
            _name: ptr::null(),
            segments: segments.as_ptr(),
            count: 3,
        };
        let mut search = Search {
            address: bias.wrapping_add(0x4_0000 + offset),
            align: 0,
        };
        // SAFETY: rule 12, both are live and of the types that `look` expects.
        let ended = unsafe { look(&object, size_of::<Object>(), (&raw mut search).cast()) };
        (ended == 1).then_some(search.align)
    }

    #[test]
    fn defect_42_a_loader_may_ignore_the_alignment() {
        for bias in [0, 0x1000, 0x5555_0000_7000_u64 as usize] {
            assert_eq!(found(bias, 0x1_0000, 0x1_0000), Some(0x1_0000));
            // The section is aligned to less than its segment.
            assert_eq!(found(bias, 0x1_0000, 0x40), Some(0x40));
            // The address happens to be aligned to more than the segment.
            assert_eq!(found(bias, 0x1000, 0), Some(0x1000));
        }
    }

    #[test]
    fn an_address_elsewhere_is_not_found() {
        for offset in [0x4_0000, usize::MAX - 0x4_0000] {
            assert_eq!(found(0x1000, 0x1000, offset), None);
        }
    }

    #[test]
    fn this_process_is_found() {
        static HERE: u64 = 1;
        assert!(alignment((&raw const HERE).addr()).is_power_of_two());
        assert_eq!(alignment(0), 0);
    }
}
