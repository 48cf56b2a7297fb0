//! A count that every CPU adds to on its own, and that is read as one number.

use core::fmt;
use core::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::operations::stay;
use crate::scalar::{op, swap_at};
use crate::variable::{PerCpu, Symbol};
use crate::{CpuId, percpu_area_base};

/// A counter with a part on every CPU: additions touch no other CPU's memory.
///
/// With `BATCH` 0, the default, an addition is one this-CPU operation, and [`sum`](PerCpu::sum)
/// adds all parts up. With a batch, a CPU whose part reaches `BATCH` or `-BATCH` moves it to a
/// shared total, and [`read`](PerCpu::read) gives that total in one load: it is off by less
/// than `BATCH` for each CPU.
///
/// No count is lost when a CPU goes away: its area stays, and with it its part.
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
/// assert_eq!((PAGES.sum(), PAGES.read()), (37, 40));
/// # }
/// ```
#[repr(C)]
pub struct PerCpuCounter<const BATCH: i64 = 0> {
    /// This CPU's part. First, so that the operations on the variable's address change it.
    part: AtomicI64,
    /// What all CPUs moved here; that of CPU 0 counts.
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

impl<S: Symbol<PerCpuCounter<BATCH>>, const BATCH: i64> PerCpu<S, PerCpuCounter<BATCH>> {
    /// Adds `amount` on this CPU, wrapping around, atomically against interrupts on it.
    #[inline]
    #[track_caller]
    pub fn add(&self, amount: i64) {
        let _guard = stay::<S, _>();
        // SAFETY: rules 2 and 3, the guard keeps the context on this CPU; the first field is the
        // part, an `i64` that is only changed atomically.
        unsafe {
            if BATCH == 0 {
                S::update::<i64, { op::ADD }>(amount);
                return;
            }
            let part = S::fetch::<i64, { op::ADD }>(amount).wrapping_add(amount);
            if part >= BATCH || part <= -BATCH {
                // A handler in between may have moved it already: what is there now is moved.
                self.shared_total().fetch_add(S::swap::<i64>(0), Relaxed);
            }
        }
    }

    /// Subtracts `amount` on this CPU, wrapping around, atomically against interrupts on it.
    #[inline]
    #[track_caller]
    pub fn sub(&self, amount: i64) {
        self.add(amount.wrapping_neg());
    }

    /// The sum over all CPUs, wrapping around. Exact while no CPU adds; else every addition that
    /// ended before the call is in it, but for one batch that a CPU moves at this moment.
    pub fn sum(&self) -> i64 {
        let moved = self.shared_total().load(Relaxed);
        self.fold(moved, |sum, counter| {
            sum.wrapping_add(counter.part.load(Relaxed))
        })
    }

    /// The shared total in one load, off by less than `BATCH` for each CPU.
    ///
    /// A counter without a batch has none, which is an error of compilation.
    #[inline]
    pub fn read(&self) -> i64 {
        const {
            assert!(
                BATCH > 0,
                "percpu-hv: `read` needs a batch: PerCpuCounter<32>"
            )
        };
        self.shared_total().load(Relaxed)
    }

    /// Moves the part of a CPU that does not run to the shared total, so that its area can be
    /// [built anew](crate::reinit_percpu_area).
    ///
    /// # Safety
    ///
    /// That CPU does not add meanwhile (rule 6 of docs/safety.md).
    pub unsafe fn retire(&self, cpu: CpuId) {
        // SAFETY: rules 3 and 4, the id is valid; rule 6 is the caller's.
        let part: i64 = unsafe { swap_at(percpu_area_base(cpu.index()) + self.offset(), 0) };
        self.shared_total().fetch_add(part, Relaxed);
    }

    #[inline]
    fn shared_total(&self) -> &AtomicI64 {
        &self.on(CpuId::checked(0)).total
    }
}
