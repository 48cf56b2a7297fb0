//! The header of an area: CPU id, owner, state of the interrupt guards, self pointer and magic number.

use core::ops::Range;
use core::ptr;

use super::bias;
use super::owner::{OPEN, Owner, UNBUILT};
use crate::arch::{self, Access, load_at, store_at};
use crate::sync::AtomicUsize;

/// The magic number. A template that was not loaded, or was cleared, does not hold it.
const MAGIC: usize = 0x7063_6876;

crate::__storage! { variables [] {static mut} __PERCPU_HEADER: usize = MAGIC; }
crate::__storage! { variables [#[doc(hidden)] #[unsafe(no_mangle)]] {static mut} __PERCPU_SELF_PTR: usize = 0; }
crate::__storage! {
    variables [] {static mut} __PERCPU_OWNER: Owner = Owner {
        state: AtomicUsize::new(UNBUILT),
        contender: AtomicUsize::new(0),
        door: AtomicUsize::new(OPEN),
    };
}
crate::__storage! { variables [] {static mut} __PERCPU_ID: usize = if arch::ONE_CPU { 0 } else { usize::MAX }; }
crate::__storage! { variables [] {static mut} __PERCPU_DEPTH: usize = 0; }
crate::__storage! { variables [] {static mut} __PERCPU_BEFORE: usize = 0; }

/// Implements [`Access`] for a field, so that this CPU accesses it like a variable.
macro_rules! field {
    ($(#[$doc:meta])* $name:ident = $storage:ident) => {
        $(#[$doc])*
        pub(crate) enum $name {}

        // SAFETY: rule 1, the storage is a field of the header.
        unsafe impl Access for $name {
            const HOT: bool = false;

            #[inline(always)]
            fn address() -> usize {
                crate::__address!($storage)
            }

            #[inline(always)]
            fn displacement() -> usize {
                crate::__displacement!($storage)
            }

            crate::__direct! { variables $storage }
        }
    };
}

field! {
    /// The CPU id, stored when the area is built.
    Id = __PERCPU_ID
}
field! {
    /// The number of counted `IrqOff` guards that are live on the CPU.
    Depth = __PERCPU_DEPTH
}
field! {
    /// The interrupt state before the first of these guards.
    Before = __PERCPU_BEFORE
}

/// Returns the offset of the magic number's end: a valid template is at least this long.
pub(crate) fn end() -> usize {
    magic_offset() + size_of::<usize>()
}

fn magic_offset() -> usize {
    crate::__displacement!(__PERCPU_HEADER).wrapping_sub(bias())
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

/// Returns the range of the owner record in an area, in bytes from the base. No copy overwrites it.
pub(crate) fn words_of_owner() -> Range<usize> {
    let start = crate::__displacement!(__PERCPU_OWNER).wrapping_sub(bias());
    start..start + size_of::<Owner>()
}

/// Returns the owner record of the area at `base`.
///
/// # Safety
///
/// There is an area at `base`; it need not have an owner yet (rule 3 of docs/safety.md).
pub(crate) unsafe fn owner_at(base: usize) -> &'static Owner {
    let owner: *const Owner = ptr::with_exposed_provenance(base + words_of_owner().start);
    // SAFETY: rule 3, inside the area and aligned; the fields are atomics, and no plain store changes them.
    unsafe { &*owner }
}

/// Stores the CPU id and the register's value in the area at `base`.
///
/// # Safety
///
/// There is an area at `base`, and no CPU uses it (rule 3 of docs/safety.md).
pub(crate) unsafe fn name(base: usize, cpu: usize) {
    // SAFETY: rule 3, inside the area.
    unsafe {
        store_register(base);
        store_at(base + Id::displacement().wrapping_sub(bias()), cpu);
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
        let place: *mut usize = ptr::with_exposed_provenance_mut(
            register.wrapping_add(crate::__displacement!(__PERCPU_SELF_PTR)),
        );
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
    unsafe { load_at(base + Id::displacement().wrapping_sub(bias())) }
}
