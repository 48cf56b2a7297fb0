//! The ids of CPUs that have an area.

use core::fmt;
use core::ops::Range;

use super::preempt::NoPreemptGuard;
use super::register::assert_register;
use crate::arch::Access;
use crate::area::header::Id;
use crate::area::{count, register_unchecked};

/// The id of a CPU that has an area. It is made from a valid index only, and stays valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuId(usize);

impl CpuId {
    /// Returns the CPU with this dense index, or `None` if it has no area: before init, and for
    /// `index >= percpu_area_num()`.
    #[inline]
    pub fn new(index: usize) -> Option<Self> {
        (index < count()).then_some(Self(index))
    }

    /// Wraps an index that the caller has checked.
    pub(crate) const fn checked(index: usize) -> Self {
        Self(index)
    }

    /// Returns the dense index, from 0.
    #[inline]
    pub const fn index(self) -> usize {
        self.0
    }

    /// Returns the value of the CPU's per-CPU register.
    #[inline(always)]
    pub(crate) fn register(self) -> usize {
        // SAFETY: rule 4, the id was checked when it was made.
        unsafe { register_unchecked(self.0) }
    }

    /// Returns all CPUs that have an area, in the order of their ids; none before init.
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

/// An iterator over the CPUs that have an area, made by [`CpuId::all`].
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

/// Returns the id of the current CPU, read from its area.
///
/// Without a [`CpuPin`](crate::CpuPin), a preemptible context may have migrated to another CPU when the
/// function returns.
///
/// The function reads a variable, so this CPU must have run [`init_percpu_reg`](crate::init_percpu_reg) (rule
/// 2 of docs/safety.md). If it has not, a release build of a kernel reads from wherever the register points,
/// and returns the value found there if that is the id of any CPU.
///
/// # Panics
///
/// If this CPU has no area: always in a process and in debug builds of a kernel. Release builds of a kernel
/// panic only if the value found is not the id of any CPU.
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
