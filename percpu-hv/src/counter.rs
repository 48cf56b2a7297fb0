//! A count that every CPU adds to on its own, and that is read as one number.

use core::fmt;
use core::sync::atomic::AtomicI64;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::CpuId;
use crate::kind::{References, Shared, Sums};
use crate::operations::stay;
use crate::scalar::{op, swap_at};
use crate::variable::{PerCpu, Symbol};

/// A counter with a part on every CPU: additions touch no other CPU's memory.
///
/// With `BATCH` 0, the default, an addition is one this-CPU operation, and [`sum`](PerCpu::sum)
/// adds all parts up. With a batch, a CPU whose part reaches `BATCH` or `-BATCH` moves it to a
/// shared total, and [`approximate`](PerCpu::approximate) gives that total alone: it is off by less than `BATCH`
/// for each CPU.
///
/// No count is lost when a CPU goes away: its area stays, and with it its part; before the area is
/// built anew, [`retire`](PerCpu::retire) moves it.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::{PerCpuCounter, def_percpu};
///
/// #[def_percpu]
/// static EXITS: PerCpuCounter = PerCpuCounter::new();
/// #[def_percpu]
/// static PAGES: PerCpuCounter<32> = PerCpuCounter::new();
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// EXITS.add(2);
/// assert_eq!(EXITS.sum(), 2);
/// PAGES.add(40);
/// PAGES.add(-3);
/// assert_eq!((PAGES.sum(), PAGES.approximate()), (37, 40));
/// # }
/// ```
#[repr(C)]
pub struct PerCpuCounter<const BATCH: i64 = 0> {
    /// This CPU's part. First, so that the operations on the variable's address change it.
    part: AtomicI64,
    /// What all CPUs moved here: to CPU 0, and to CPU 1 what was in the area of CPU 0.
    total: AtomicI64,
}

impl<const BATCH: i64> PerCpuCounter<BATCH> {
    /// A counter at 0.
    #[inline]
    pub const fn new() -> Self {
        const {
            assert!(
                BATCH >= 0,
                "percpu-hv: the batch of a counter is at least 0"
            )
        };
        Self {
            part: AtomicI64::new(0),
            total: AtomicI64::new(0),
        }
    }
}

impl<const BATCH: i64> Default for PerCpuCounter<BATCH> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BATCH: i64> fmt::Debug for PerCpuCounter<BATCH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCpuCounter")
            .field("part", &self.part)
            .field("total", &self.total)
            .finish()
    }
}

#[diagnostic::do_not_recommend]
impl<const BATCH: i64> Sums<PerCpuCounter<BATCH>, i64> for Shared {
    fn sum<S: Symbol<PerCpuCounter<BATCH>, Kind = Self>>() -> i64 {
        // A total before the parts that may move there.
        PerCpu::<S, _>::__new().fold(0, |sum: i64, counter| {
            sum.wrapping_add(counter.total.load(Acquire))
                .wrapping_add(counter.part.load(Relaxed))
        })
    }
}

impl<S: Symbol<PerCpuCounter<BATCH>>, const BATCH: i64> PerCpu<S, PerCpuCounter<BATCH>> {
    /// Adds `amount` on this CPU, wrapping around, atomically against interrupts on it.
    #[inline]
    #[track_caller]
    pub fn add(&self, amount: i64)
    where
        S::Kind: References<PerCpuCounter<BATCH>>,
    {
        let _guard = stay::<S, _>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; the first field is the
        // part, an `i64` that is only changed atomically.
        unsafe {
            if BATCH == 0 {
                S::update::<i64, { op::ADD }>(amount);
                return;
            }
            let part = S::fetch::<i64, { op::ADD }>(amount).wrapping_add(amount);
            if part >= BATCH || part <= -BATCH {
                // A handler in between may have moved it already: what is there now is moved.
                self.shared_total(0).fetch_add(S::swap::<i64>(0), Release);
            }
        }
    }

    /// Subtracts `amount` on this CPU, wrapping around, atomically against interrupts on it.
    #[inline]
    #[track_caller]
    pub fn sub(&self, amount: i64)
    where
        S::Kind: References<PerCpuCounter<BATCH>>,
    {
        self.add(amount.wrapping_neg());
    }

    /// The shared total, off by less than `BATCH` for each CPU: two loads, whatever the number of
    /// CPUs.
    ///
    /// A counter without a batch has none, which is an error of compilation.
    #[inline]
    pub fn approximate(&self) -> i64
    where
        S::Kind: References<PerCpuCounter<BATCH>>,
    {
        const {
            assert!(
                BATCH > 0,
                "percpu-hv: `approximate` needs a batch: PerCpuCounter<32>"
            )
        };
        CpuId::all().take(2).fold(0, |sum: i64, cpu| {
            sum.wrapping_add(self.on(cpu).total.load(Relaxed))
        })
    }

    /// Moves what the area of a CPU that does not run holds of the count to another area, so that
    /// its own can be [built anew](crate::reinit_percpu_area). (If there is no other one, it stays.)
    ///
    /// CPU 0 holds the shared total of a counter with a batch: from this call until its area is
    /// built, no CPU adds to the counter or reads it.
    ///
    /// # Safety
    ///
    /// That CPU does not add meanwhile (rule 6 of docs/safety.md).
    pub unsafe fn retire(&self, cpu: CpuId)
    where
        S::Kind: References<PerCpuCounter<BATCH>>,
    {
        let keeper = usize::from(cpu.index() == 0);
        if CpuId::new(keeper).is_none() {
            return;
        }
        // SAFETY: rules 3 and 4, the id is valid; rule 6 is the caller's.
        let part: i64 = unsafe { swap_at(Self::address_on(cpu), 0) };
        let total = self.on(cpu).total.swap(0, Relaxed);
        self.shared_total(keeper)
            .fetch_add(part.wrapping_add(total), Release);
    }

    /// The shared total of CPU 0, or of CPU 1 if there is one.
    #[inline]
    fn shared_total(&self, cpu: usize) -> &AtomicI64
    where
        S::Kind: References<PerCpuCounter<BATCH>>,
    {
        &self.on(CpuId::checked(cpu)).total
    }
}
