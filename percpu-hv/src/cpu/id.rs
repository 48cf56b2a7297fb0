//! The ids of CPUs that have an area.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Range;

use super::preempt::NoPreemptGuard;
use super::register::assert_register;
use crate::arch::Access;
use crate::area::header::Id;
use crate::area::{Home, Registers, bias, checked_register};
use crate::error::InitError;

/// The id of a CPU that has an area. It is made from a valid index only, and stays valid.
///
/// It knows where that area is, so an access to another CPU's copy looks nothing up.
#[derive(Clone, Copy)]
pub struct CpuId {
    index: usize,
    /// The value of the CPU's per-CPU register.
    register: usize,
    home: Home,
}

impl CpuId {
    /// Returns the CPU with this dense index, or `None` if it has no area: before init, and for
    /// `index >= percpu_area_num()`.
    #[inline]
    pub fn new(index: usize) -> Option<Self> {
        let home = Home::current();
        let register = home.register(index)?;
        Some(Self {
            index,
            register,
            home,
        })
    }

    /// Returns the CPU with this index. Panics with the reason if it has no area.
    #[track_caller]
    pub(crate) fn expect(index: usize) -> Self {
        let register = checked_register(index);
        let home = Home::current();
        Self {
            index,
            register,
            home,
        }
    }

    /// Returns the first CPU of a set of areas.
    #[cfg(hosted)]
    pub(crate) fn first(home: Home) -> Self {
        CpuIds::of(home)
            .next()
            .expect("a set of areas has one for CPU 0")
    }

    /// Returns the place of the words that all CPUs of a set of areas share, as if it were a CPU, or `None` if these
    /// words are statics.
    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    pub(crate) fn common(home: Home) -> Option<Self> {
        let register = home.common()?;
        let index = home.count();
        Some(Self {
            index,
            register,
            home,
        })
    }

    /// Returns the set of areas that this CPU's is one of.
    #[inline(always)]
    pub(crate) const fn home(self) -> Home {
        self.home
    }

    /// Returns the dense index, from 0.
    #[inline]
    pub const fn index(self) -> usize {
        self.index
    }

    /// Returns the value of the CPU's per-CPU register.
    #[inline(always)]
    pub(crate) const fn register(self) -> usize {
        self.register
    }

    /// Returns the base of the CPU's area.
    pub(crate) fn base(self) -> usize {
        self.register.wrapping_add(bias())
    }

    /// Returns all CPUs that have an area, in the order of their ids; none before init. CPUs whose area is added later
    /// are not among them.
    #[inline]
    pub fn all() -> CpuIds {
        CpuIds::of(Home::current())
    }
}

/// The CPU with this dense index.
///
/// # Errors
///
/// `NotInitialized` or `NoSuchCpu`.
impl TryFrom<usize> for CpuId {
    type Error = InitError;

    fn try_from(cpu_id: usize) -> Result<Self, InitError> {
        Self::new(cpu_id).ok_or_else(|| match Home::current().count() {
            0 => InitError::NotInitialized,
            cpu_count => InitError::NoSuchCpu { cpu_id, cpu_count },
        })
    }
}

/// Two ids are equal if their indices are.
impl PartialEq for CpuId {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for CpuId {}

impl PartialOrd for CpuId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Ids are in the order of their indices.
impl Ord for CpuId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.index.cmp(&other.index)
    }
}

impl Hash for CpuId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl fmt::Debug for CpuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CpuId").field(&self.index).finish()
    }
}

impl fmt::Display for CpuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index.fmt(f)
    }
}

/// An iterator over the CPUs that have an area, made by [`CpuId::all`].
#[derive(Clone)]
pub struct CpuIds {
    indices: Range<usize>,
    registers: Registers,
    home: Home,
}

impl CpuIds {
    /// Returns the CPUs of a set of areas.
    #[inline(always)]
    fn of(home: Home) -> Self {
        let (count, registers) = home.all();
        Self {
            indices: 0..count,
            registers,
            home,
        }
    }

    /// Returns the CPU with an index of `indices`.
    #[inline(always)]
    fn at(&self, index: usize) -> CpuId {
        // SAFETY: rule 4, the range ends at a number of areas.
        let register = unsafe { self.registers.of(index) };
        let home = self.home;
        CpuId {
            index,
            register,
            home,
        }
    }
}

impl fmt::Debug for CpuIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CpuIds").field(&self.indices).finish()
    }
}

impl Iterator for CpuIds {
    type Item = CpuId;

    #[inline]
    fn next(&mut self) -> Option<CpuId> {
        let index = self.indices.next()?;
        Some(self.at(index))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.indices.size_hint()
    }
}

impl DoubleEndedIterator for CpuIds {
    #[inline]
    fn next_back(&mut self) -> Option<CpuId> {
        let index = self.indices.next_back()?;
        Some(self.at(index))
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
    match CpuId::new(unsafe { Id.load() }) {
        Some(cpu) => cpu,
        None => panic!(
            "this CPU has no per-CPU area; call `percpu_hv::init_percpu_reg(cpu_id)` on it first"
        ),
    }
}
