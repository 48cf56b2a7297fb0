//! The gaps behind the areas: pages that are not mapped, so that an overflow out of an area is an exception.

use core::{fmt, hint::black_box};

use percpu_hv::{percpu_area_gap, percpu_area_num};

use super::loaded::forget_translations;
use crate::{boot_cell::BootCell, machine::Machine, platform::common::tables};

/// Finds whose gap has an address.
type Owner = fn(usize) -> Option<usize>;

/// A function that is kept, as most images have no gaps, and some no areas of their own.
static OWNER: BootCell<Option<Owner>> = BootCell::new(None);

fn owner(address: usize) -> Option<usize> {
    (0..percpu_area_num()).find(|&cpu| percpu_area_gap(cpu).contains(&address))
}

impl Machine {
    /// Leaves the gap behind each area unmapped. The linker script sets `PERCPU_AREA_GAP` to the size of a page.
    ///
    /// # Safety
    ///
    /// Called once, by the boot core, after init and before any other core runs.
    pub unsafe fn unmap_area_gaps(&self) {
        for gap in (0..percpu_area_num()).map(percpu_area_gap) {
            // SAFETY: rule 11: one core runs, and after init nobody accesses a gap.
            unsafe { tables::unmap(gap) };
        }
        forget_translations();
        // Were the function known, the compiler would have everyone call it who asks whether one is kept.
        let owner = black_box(owner as Owner);
        // SAFETY: rule 11: the caller's promise.
        unsafe { OWNER.keep(owner) };
    }
}

/// An address that is in a gap, with the words that follow the class of an exception; nothing for another address.
pub(super) struct InGap(pub(super) u64);

impl fmt::Display for InGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match OWNER.kept().and_then(|owner| owner(self.0 as usize)) {
            Some(cpu) => write!(f, " in the gap behind the area of CPU {cpu}"),
            None => Ok(()),
        }
    }
}
