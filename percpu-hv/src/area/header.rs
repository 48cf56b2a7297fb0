//! The header of an area: the register's value, magic number, owner, CPU id, and state of the interrupt guards.

use core::mem::offset_of;
use core::ops::Range;
use core::ptr;

use super::bias;
use super::owner::{OFFLINE, OPEN, Owner, UNBUILT};
use crate::arch::{self, Access, load_at, store_at};
use crate::sync::AtomicUsize;

/// The magic number. A template that was not loaded, or was cleared, does not hold it.
const MAGIC: usize = 0x7063_6876;

/// What an area holds beside the variables.
#[repr(C)]
pub struct Header {
    /// The value of the per-CPU register, on architectures that read it from here.
    register: [usize; arch::REGISTER_IS_IN_AREA as usize],
    magic: usize,
    owner: Owner,
    id: usize,
    depth: usize,
    before: usize,
}

crate::__storage! {
    variables [
        /// The header of an area, for the operand `sym` of the assembly macros.
        #[unsafe(export_name = "__percpu_hv_header")]
    ] {pub static mut} __PERCPU_HEADER: Header = Header {
        register: [0; arch::REGISTER_IS_IN_AREA as usize],
        magic: MAGIC,
        owner: Owner {
            state: AtomicUsize::new(UNBUILT),
            contender: AtomicUsize::new(0),
            door: AtomicUsize::new(OPEN),
            presence: AtomicUsize::new(OFFLINE),
        },
        id: if arch::ONE_CPU { 0 } else { usize::MAX },
        depth: 0,
        before: 0,
    };
}

// What `__with_library!` refers to. It keeps the header, and with it the section: lld drops one that only its bounds name.
// No dynamic linker may replace the header of a library by that of the program, or the other way round.
#[cfg(all(hosted, target_os = "linux"))]
core::arch::global_asm!(
    ".pushsection .rodata.percpu_hv_must_not_be_in_a_dylib,\"a\",%progbits",
    ".globl percpu_hv_must_not_be_in_a_dylib",
    ".hidden percpu_hv_must_not_be_in_a_dylib",
    "percpu_hv_must_not_be_in_a_dylib: .byte 0",
    ".hidden {header}",
    ".reloc ., BFD_RELOC_NONE, {header}",
    ".popsection",
    header = sym __PERCPU_HEADER,
);

/// The form of the CPU id, a `usize`, for the operand `const` of the assembly macros.
pub const CPU_ID: u64 = arch::form::<usize>(Id::HOT, offset_of!(Header, id));

// The name that assembly knows the first field by. Weak, because `percpu` defines it too, and an image may have both.
#[cfg(not(hosted))]
core::arch::global_asm!(
    ".if {}",
    ".weak __PERCPU_SELF_PTR",
    ".set __PERCPU_SELF_PTR, {}",
    ".endif",
    const arch::REGISTER_IS_IN_AREA as usize,
    sym __PERCPU_HEADER
);

/// Expands to what an access to a field adds to the per-CPU register, also in a template that init has not checked yet.
macro_rules! displacement {
    ($field:ident) => {
        crate::__displacement!(any __PERCPU_HEADER, offset_of!(Header, $field))
    };
}

/// Implements [`Access`] for a field, so that this CPU accesses it like a variable.
macro_rules! field {
    ($(#[$doc:meta])* $name:ident = $field:ident) => {
        $(#[$doc])*
        pub(crate) struct $name;

        // SAFETY: rule 1, a field of the header.
        unsafe impl Access for $name {
            #[inline(always)]
            fn displacement(&self) -> usize {
                crate::__displacement!(variables __PERCPU_HEADER, offset_of!(Header, $field))
            }

            crate::__direct! { variables __PERCPU_HEADER, offset_of!(Header, $field) }
        }
    };
}

field! {
    /// The CPU id, stored when the area is built.
    Id = id
}
field! {
    /// The number of counted `IrqOff` guards that are live on the CPU.
    IrqDepth = depth
}
field! {
    /// The interrupt state before the first of these guards.
    SavedIrqState = before
}

/// Returns the distance from an area's base: an access adds a displacement to the register, which is the base without
/// the bias.
fn offset(displacement: usize) -> usize {
    displacement.wrapping_sub(bias())
}

/// Returns the offset of the magic number's end: a valid template is at least this long.
pub(crate) fn end() -> usize {
    magic_offset() + size_of::<usize>()
}

fn magic_offset() -> usize {
    offset(displacement!(magic))
}

/// Returns whether the template at `image` holds what was linked.
///
/// # Safety
///
/// At least [`end`] bytes are readable at `image` (rule 8 of docs/safety.md).
pub(crate) unsafe fn is_loaded(image: usize) -> bool {
    let magic: *const usize = ptr::with_exposed_provenance(image + magic_offset());
    // SAFETY: rule 8, inside the template.
    unsafe { magic.read_volatile() == MAGIC }
}

/// Returns the range of the owner record in an area, in bytes from the base. Init and rebuild leave these bytes out when
/// they copy the template.
pub(crate) fn owner_range() -> Range<usize> {
    let start = offset(displacement!(owner));
    start..start + size_of::<Owner>()
}

/// Returns the owner record of the area at `base`.
///
/// # Safety
///
/// There is an area at `base`; it need not have an owner yet (rule 3 of docs/safety.md).
pub(crate) unsafe fn owner_at(base: usize) -> &'static Owner {
    let owner: *const Owner = ptr::with_exposed_provenance(base + owner_range().start);
    // SAFETY: rule 3, inside the area and aligned; the fields are atomics, and no plain store changes them.
    unsafe { &*owner }
}

/// Stores the CPU id and the register's value in the area at `base`.
///
/// # Safety
///
/// There is an area at `base`, and no CPU uses it (rule 3 of docs/safety.md).
pub(crate) unsafe fn store_identity(base: usize, cpu: usize) {
    // SAFETY: rule 3, inside the area.
    unsafe {
        store_register(base);
        store_at(base + offset(Id.displacement()), cpu);
    }
}

/// Stores the register's value in the area at `base`, on architectures that read it from there.
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

/// Returns the CPU id that the area at `base` holds.
///
/// # Safety
///
/// There is an area at `base` (rule 3 of docs/safety.md).
pub(crate) unsafe fn id_at(base: usize) -> usize {
    // SAFETY: rule 3, inside the area.
    unsafe { load_at(base + offset(Id.displacement())) }
}
