//! Where the area of each CPU id is, and the check that an id has one. owner.rs has who owns an id.

use super::counts::Counts;
use super::home::Home;
use super::lock::Lock;
use super::state::{Areas, Registers};
use super::storage::CacheLine;
use super::template::bias;
use crate::sync::Published;

/// It has cache lines of its own, so that their maintenance concerns nothing else.
pub(crate) static AREAS: CacheLine<Areas> = CacheLine(Areas::new());

impl Areas {
    pub(crate) const fn new() -> Self {
        Self {
            register: Published::new(0),
            stride: Published::new(0),
            slots: Published::new(0),
            counts: Counts::new(),
            building: Lock::new(()),
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

    /// Returns the value of the per-CPU register of CPU `cpu_id`, if there is such a CPU.
    #[inline(always)]
    pub(crate) fn register(self, cpu_id: usize) -> Option<usize> {
        self.areas().register(cpu_id)
    }

    /// Returns the number of CPUs with an area, and how their per-CPU registers are found.
    #[inline(always)]
    pub(crate) fn all(self) -> (usize, Registers) {
        self.areas().all()
    }

    /// Returns the id of the CPU whose per-CPU register has a value, if there is one. With a table, it looks at all slots.
    pub(crate) fn cpu_with(self, register: usize) -> Option<usize> {
        let (count, registers) = self.all();
        let Some(stride) = registers.stride() else {
            // SAFETY: rule 4, an id below `count`.
            return (0..count).find(|&cpu| unsafe { registers.of(cpu) } == register);
        };
        // SAFETY: rule 4, a block has an area for CPU 0.
        let distance = register.wrapping_sub(unsafe { registers.of(0) });
        (distance % stride == 0 && distance / stride < count).then_some(distance / stride)
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
        Some(register) => register,
        None => refuse(cpu_id),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn refuse(cpu_id: usize) -> ! {
    let count = count();
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

/// Returns the id of the CPU whose area is at `base`, if there is one. With a table, it looks at all slots.
pub(crate) fn cpu_at(base: usize) -> Option<usize> {
    Home::current().cpu_with(base.wrapping_sub(bias()))
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
