//! Where the area of each CPU id is, and the check that an id has one. owner.rs has who owns an id.

use core::sync::atomic::AtomicBool;

use super::home::Home;
use super::state::Areas;
use super::storage::CacheLine;
use super::template::bias;
use crate::sync::{AtomicUsize, Published};

/// It has cache lines of its own, so that their maintenance concerns nothing else.
pub(crate) static AREAS: CacheLine<Areas> = CacheLine(Areas::new());

impl Areas {
    pub(crate) const fn new() -> Self {
        Self {
            claimed: AtomicBool::new(false),
            register: Published::new(0),
            stride: Published::new(0),
            count: AtomicUsize::new(0),
        }
    }
}

impl Home {
    /// Returns the areas of this set.
    #[inline(always)]
    pub(crate) fn areas(self) -> &'static Areas {
        self.own().unwrap_or(&AREAS.0)
    }

    /// Returns the number of CPUs with an area; 0 before init.
    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        self.areas().count()
    }

    /// Returns the value of the per-CPU register of CPU `cpu_id`, or the number of CPUs as the error if there is
    /// no such CPU.
    #[inline(always)]
    pub(crate) fn register(self, cpu_id: usize) -> Result<usize, usize> {
        self.areas().register(cpu_id)
    }

    /// Returns the value of the per-CPU register of CPU `cpu`, without a check.
    ///
    /// # Safety
    ///
    /// [`count`](Self::count) of this set has returned a number other than 0 (rule 4 of docs/safety.md). Only an id
    /// below that number has an area.
    #[inline(always)]
    pub(crate) unsafe fn register_unchecked(self, cpu: usize) -> usize {
        // SAFETY: rule 4, the caller acquired `count`, and it was not 0.
        unsafe { self.areas().register_unchecked(cpu) }
    }
}

/// Returns the areas of this context.
#[inline(always)]
pub(crate) fn areas() -> &'static Areas {
    Home::current().areas()
}

/// Returns the number of CPUs with an area; 0 before init.
#[inline]
pub(crate) fn count() -> usize {
    areas().count()
}

/// Returns the value of the per-CPU register of CPU `cpu_id`. Panics if there is no such CPU.
#[inline]
#[track_caller]
pub(crate) fn checked_register(cpu_id: usize) -> usize {
    match areas().register(cpu_id) {
        Ok(register) => register,
        Err(count) => refuse(cpu_id, count),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(cpu_id: usize, count: usize) -> ! {
    if count == 0 {
        panic!(
            "there are no per-CPU areas yet; call `percpu_hv::init_in_place()` or \
             `percpu_hv::init(base, cpu_count)` first"
        );
    }
    panic!(
        "CPU id {cpu_id} is out of range: the per-CPU areas are for {count} CPUs; CPU ids are \
         dense indices from 0, not MPIDRs or APIC ids"
    );
}

/// Returns the id of the CPU whose area is at `base`, if there is one.
pub(crate) fn cpu_at(base: usize) -> Option<usize> {
    let home = Home::current();
    let count = home.count();
    if count == 0 {
        return None;
    }
    // SAFETY: rule 4, `count` was acquired and is not 0.
    let (first, second) = unsafe { (home.register_unchecked(0), home.register_unchecked(1)) };
    let distance = base.wrapping_sub(first.wrapping_add(bias()));
    let stride = second.wrapping_sub(first);
    (distance % stride == 0 && distance / stride < count).then_some(distance / stride)
}

/// Returns the base of the area of CPU `cpu_id`.
///
/// # Panics
///
/// Before init, and if `cpu_id` is not in `0..percpu_area_num()`.
#[inline]
#[track_caller]
pub fn percpu_area_base(cpu_id: usize) -> usize {
    checked_register(cpu_id).wrapping_add(bias())
}
