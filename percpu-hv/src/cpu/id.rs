//! CPU ids that exist, and what other CPUs hold.

use core::fmt;
use core::ops::Range;

use super::preempt::NoPreemptGuard;
use super::register::assert_register;
use crate::arch::Access;
use crate::area::header::Id;
use crate::area::{count, register_unchecked};

/// The id of a CPU that has an area: made from a valid id only, and valid for ever after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuId(usize);

impl CpuId {
    /// The CPU with this dense index, if it has an area: `None` before init, and for
    /// `index >= percpu_area_num()`.
    #[inline]
    pub fn new(index: usize) -> Option<Self> {
        (index < count()).then_some(Self(index))
    }

    /// The CPU with an index that was checked.
    pub(crate) const fn checked(index: usize) -> Self {
        Self(index)
    }

    /// The dense index, from 0.
    #[inline]
    pub const fn index(self) -> usize {
        self.0
    }

    /// What the per-CPU register of the CPU holds.
    #[inline(always)]
    pub(crate) fn register(self) -> usize {
        // SAFETY: rule 4, the id was checked when it was made.
        unsafe { register_unchecked(self.0) }
    }

    /// All CPUs that have an area, by their index; none before init.
    #[inline]
    pub fn all() -> CpuIds {
        CpuIds(0..count())
    }
}

impl fmt::Display for CpuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The CPUs that have an area: [`CpuId::all`].
#[derive(Clone, Debug)]
pub struct CpuIds(Range<usize>);

impl Iterator for CpuIds {
    type Item = CpuId;

    #[inline]
    fn next(&mut self) -> Option<CpuId> {
        self.0.next().map(CpuId)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for CpuIds {
    #[inline]
    fn next_back(&mut self) -> Option<CpuId> {
        self.0.next_back().map(CpuId)
    }
}

impl ExactSizeIterator for CpuIds {}

/// The CPU that runs this, as its area says. Without a [`CpuPin`](crate::CpuPin) a preemptible
/// context may be on another one when the function returns.
///
/// It reads a variable: this CPU ran [`init_percpu_reg`](crate::init_percpu_reg) (rule 2 of docs/safety.md).
/// Before that a release build of a kernel reads wherever the register points to, and gives what it finds there if
/// that is the id of any CPU.
///
/// # Panics
///
/// In a process and in debug builds, if this CPU has no area. In release builds of a kernel only if what is found
/// is no CPU's id.
#[inline]
#[track_caller]
pub fn current_cpu() -> CpuId {
    let _guard = NoPreemptGuard::new();
    assert_register();
    // SAFETY: rules 2 and 13, the guard keeps the context on this CPU; the field is a `usize`.
    match CpuId::new(unsafe { Id::load() }) {
        Some(cpu) => cpu,
        None => panic!(
            "this CPU has no per-CPU area; call `percpu_hv::init_percpu_reg(cpu_id)` on it first"
        ),
    }
}
