//! Areas of CPUs that went, filled with bytes that no value has by chance.

use core::ptr;

use super::header;
use super::home::Home;
use super::init::area_to_rebuild;
use crate::error::InitError;

/// What a poisoned area is filled with: an address of such bytes is aligned to nothing, and is no address at all on most
/// machines of 64 bits.
const POISON: u8 = 0x6b;

/// Marks the area of a CPU as nobody's, and fills it with [`POISON`].
///
/// # Errors
///
/// `TemplateInUse` or `TemplateNotLoaded`, as a rebuild: the area could never be built anew. Nothing has changed then.
///
/// # Safety
///
/// The CPU has an area there (rule 4 of docs/safety.md). Until the area is rebuilt no CPU uses it, no value in it is
/// read, and no reference into it is live (rules 6 and 17).
pub(crate) unsafe fn poison(home: Home, cpu: usize, keep: impl FnOnce()) -> Result<(), InitError> {
    // SAFETY: rules 4 and 17 are the caller's.
    let (template, area) = unsafe { area_to_rebuild(home, cpu, keep) }?;
    let owner = header::owner_range();
    for offset in (0..owner.start).chain(owner.end..template.size) {
        let byte: *mut u8 = ptr::with_exposed_provenance_mut(area + offset);
        // SAFETY: rule 3, inside the area; rule 17 is the caller's. A byte at a time works also with the MMU off.
        unsafe { byte.write_volatile(POISON) };
    }
    Ok(())
}
