//! Areas that are seen at another address from now on.

use super::header;
use super::layout::linked_template;
use super::registry::areas;
use super::template::bias;
use crate::arch;
use crate::error::InitError;

/// Tells where the areas are seen from now on, for an image that ran at a low alias first and runs high now. `base` is
/// the address of area 0. The memory is the same, and keeps its values.
///
/// One CPU calls it, once. Then each CPU that has an area, this one included, calls
/// [`resume_percpu_reg`](crate::resume_percpu_reg) with its id. [The guide](crate::guide::caches#low-first-high-later)
/// has the whole sequence.
///
/// # Errors
///
/// `NotInitialized`; `AreasInTable` if each area has an address of its own; `InvalidBase` or `UnalignedBase`; `NoAreaAt`
/// if some area is not where it should be, according to its magic number and its CPU's id. Nothing has changed then.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg).
///
/// # Safety
///
/// * The memory of the areas is mapped at `base`, all of it but for gaps. A wrong base need not be refused, but must be readable.
/// * From the call until it has resumed, no CPU uses a variable or an id, or takes an interrupt that does (rule 4 of
///   docs/safety.md). No guard and no borrow is live: they hold the address of an area.
/// * A reference into an area or a [`CpuId`](crate::CpuId) that was made before is used only while the old addresses are
///   mapped.
/// * No [`DynPerCpu`](crate::DynPerCpu) is live, and no module is loaded: with `non-zero-vma` they hold a distance from
///   the old address of the template (rules 22 and 23).
/// * Later, all that rule 3 says of the areas holds at the new addresses.
#[track_caller]
pub unsafe fn rebase_areas(base: *mut u8) -> Result<(), InitError> {
    arch::assert_register_is_own();
    let base = base.expose_provenance();
    let count = areas().count();
    if count == 0 {
        return Err(InitError::NotInitialized);
    }
    if areas().table().is_some() {
        return Err(InitError::AreasInTable);
    }
    let geometry = linked_template().geometry()?;
    geometry.check_base(base, count)?;
    for cpu_id in 0..count {
        let address = base + cpu_id * geometry.stride();
        // SAFETY: rule 3, the caller promises that the memory can be read.
        let is_there = unsafe { header::is_loaded(address) && header::id_at(address) == cpu_id };
        if !is_there {
            return Err(InitError::NoAreaAt { address, cpu_id });
        }
    }
    // SAFETY: rule 4, `count` is not 0; the rest is the caller's.
    unsafe { areas().rebase(base.wrapping_sub(bias())) };
    Ok(())
}
