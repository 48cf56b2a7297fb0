//! What an area says of itself.

use core::ops::Range;
use core::ptr;

use super::bias;
use super::owner::{OPEN, Owner, UNBUILT};
use crate::arch::{self, Access, load_at, store_at};
use crate::sync::AtomicUsize;

/// The magic number of a template that was loaded.
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

/// Makes a field accessible on this CPU as a variable is.
macro_rules! field {
    ($(#[$doc:meta])* $name:ident = $storage:ident) => {
        $(#[$doc])*
        pub(crate) enum $name {}

        // SAFETY: rule 1, a field of the header.
        unsafe impl Access for $name {
            const HOT: bool = false;

            #[inline(always)]
            fn address() -> usize {
                crate::__address!($storage)
            }

            #[inline(always)]
            fn displacement() -> usize {
                crate::__displacement!($storage, 0)
            }

            crate::__direct! { variables $storage, 0 }
        }
    };
}

field! {
    /// The CPU's id, once the areas are built.
    Id = __PERCPU_ID
}
field! {
    /// How many guards of interrupts live on the CPU.
    Depth = __PERCPU_DEPTH
}
field! {
    /// The state of interrupts before the first of them.
    Before = __PERCPU_BEFORE
}

/// The offset of what must be in the template: its end.
pub(crate) fn end() -> usize {
    magic_offset() + size_of::<usize>()
}

fn magic_offset() -> usize {
    crate::__displacement!(__PERCPU_HEADER, 0).wrapping_sub(bias())
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
    let start = crate::__displacement!(__PERCPU_OWNER, 0).wrapping_sub(bias());
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
        let place: *mut usize = ptr::with_exposed_provenance_mut(
            register.wrapping_add(crate::__displacement!(__PERCPU_SELF_PTR, 0)),
        );
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
