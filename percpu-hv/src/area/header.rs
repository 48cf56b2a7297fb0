//! What an area says of itself.

use core::mem::offset_of;
use core::ops::Range;
use core::ptr;

use super::bias;
use super::owner::{OPEN, Owner, UNBUILT};
use crate::arch::{self, Access, load_at, store_at};
use crate::sync::AtomicUsize;

/// The magic number of a template that was loaded.
const MAGIC: usize = 0x7063_6876;

/// All that an area says of itself.
#[repr(C)]
struct Header {
    /// What the register of the area's CPU holds, if the architecture reads it here.
    register: [usize; arch::REGISTER_IS_IN_AREA as usize],
    magic: usize,
    owner: Owner,
    id: usize,
    depth: usize,
    before: usize,
}

crate::__storage! {
    variables [#[unsafe(export_name = "__percpu_hv_header")]] {static mut} __PERCPU_HEADER: Header = Header {
        register: [0; arch::REGISTER_IS_IN_AREA as usize],
        magic: MAGIC,
        owner: Owner {
            state: AtomicUsize::new(UNBUILT),
            contender: AtomicUsize::new(0),
            door: AtomicUsize::new(OPEN),
        },
        id: if arch::ONE_CPU { 0 } else { usize::MAX },
        depth: 0,
        before: 0,
    };
}

// The first field by its name in `percpu`, for assembly. Weak, since an image may have both crates.
#[cfg(not(hosted))]
core::arch::global_asm!(
    ".if {}",
    ".weak __PERCPU_SELF_PTR",
    ".set __PERCPU_SELF_PTR, {}",
    ".endif",
    const arch::REGISTER_IS_IN_AREA as usize,
    sym __PERCPU_HEADER
);

/// What is added to the register to reach a field.
macro_rules! displacement {
    ($field:ident) => {
        crate::__displacement!(__PERCPU_HEADER, offset_of!(Header, $field))
    };
}

/// Makes a field accessible on this CPU as a variable is.
macro_rules! field {
    ($(#[$doc:meta])* $name:ident = $field:ident) => {
        $(#[$doc])*
        pub(crate) enum $name {}

        // SAFETY: rule 1, a field of the header.
        unsafe impl Access for $name {
            const HOT: bool = false;

            #[inline(always)]
            fn address() -> usize {
                crate::__address!(__PERCPU_HEADER).wrapping_add(offset_of!(Header, $field))
            }

            #[inline(always)]
            fn displacement() -> usize {
                displacement!($field)
            }

            crate::__direct! { variables __PERCPU_HEADER, offset_of!(Header, $field) }
        }
    };
}

field! {
    /// The CPU's id, once the areas are built.
    Id = id
}
field! {
    /// How many guards of interrupts live on the CPU.
    Depth = depth
}
field! {
    /// The state of interrupts before the first of them.
    Before = before
}

/// The offset of what must be in the template: its end.
pub(crate) fn end() -> usize {
    magic_offset() + size_of::<usize>()
}

fn magic_offset() -> usize {
    displacement!(magic).wrapping_sub(bias())
}

/// Whether the template that is read at `image` is what was linked.
///
/// # Safety
///
/// There are [`end`] bytes at `image` (rule 8 of docs/safety.md).
pub(crate) unsafe fn is_loaded(image: usize) -> bool {
    let magic: *const usize = ptr::with_exposed_provenance(image + magic_offset());
    // SAFETY: rule 8, inside the template.
    unsafe { magic.read_volatile() == MAGIC }
}

/// The part of an area that says which CPU has it, in bytes from the base: nothing copies to it.
pub(crate) fn words_of_owner() -> Range<usize> {
    let start = displacement!(owner).wrapping_sub(bias());
    start..start + size_of::<Owner>()
}

/// What the area at `base` says of the CPU that has it.
///
/// # Safety
///
/// There is an area at `base`, which no CPU may have yet (rule 3 of docs/safety.md).
pub(crate) unsafe fn owner_at(base: usize) -> &'static Owner {
    let owner: *const Owner = ptr::with_exposed_provenance(base + words_of_owner().start);
    // SAFETY: rule 3, inside the area and aligned; atomics, which nothing else writes.
    unsafe { &*owner }
}

/// Makes the area at `base` that of a CPU.
///
/// # Safety
///
/// There is an area at `base`, which no CPU uses (rule 3 of docs/safety.md).
pub(crate) unsafe fn name(base: usize, cpu: usize) {
    // SAFETY: rule 3, inside the area.
    unsafe {
        store_register(base);
        store_at(base + Id::displacement().wrapping_sub(bias()), cpu);
    }
}

/// Writes the register's value into the area at `base`, where the architecture reads it there.
///
/// # Safety
///
/// There is an area at `base` (rule 3 of docs/safety.md).
#[inline]
pub(crate) unsafe fn store_register(base: usize) {
    if arch::REGISTER_IS_IN_AREA {
        let register = base.wrapping_sub(bias());
        let place: *mut usize =
            ptr::with_exposed_provenance_mut(register.wrapping_add(displacement!(register)));
        // SAFETY: rule 3, inside the area.
        unsafe { place.write_volatile(register) };
    }
}

/// The id that the area at `base` says.
///
/// # Safety
///
/// There is an area at `base` (rule 3 of docs/safety.md).
pub(crate) unsafe fn id_at(base: usize) -> usize {
    // SAFETY: rule 3, inside the area.
    unsafe { load_at(base + Id::displacement().wrapping_sub(bias())) }
}
