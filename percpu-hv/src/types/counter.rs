//! A count that every CPU adds to on its own, and that is read as one number.

use core::fmt;

use super::total::Total;
use crate::arch::op;
use crate::cpu::CpuId;
use crate::sync::AtomicI64;
use crate::variable::kind::{References, Shared, Sums};
use crate::variable::{self, PerCpu, Symbol, stay};

/// A counter with a part on every CPU: additions touch no other CPU's memory.
///
/// With `BATCH` 0, the default, an addition is one this-CPU operation, and [`sum`](PerCpu::sum)
/// adds all parts up. With a batch, a CPU whose part reaches `BATCH` or `-BATCH` moves it to the
/// counter's total, and [`approximate`](PerCpu::approximate) gives that total alone: it is off by less than `BATCH`
/// for each CPU.
///
/// No count is lost when a CPU goes away: its area stays, and with it its part; before the area is
/// built anew, [`retire`](PerCpu::retire) moves it to the total, which is in no area.
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
// Transparent, so that the operations on the variable's address change the part.
#[repr(transparent)]
pub struct PerCpuCounter<const BATCH: i64 = 0> {
    /// This CPU's part.
    part: AtomicI64,
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
            .finish()
    }
}

impl<const BATCH: i64> variable::Shared for PerCpuCounter<BATCH> {}

/// The total of a variable that is a counter.
#[inline(always)]
fn total<S: Symbol<PerCpuCounter<BATCH>>, const BATCH: i64>() -> Total<'static> {
    Total(&S::total().0)
}

#[diagnostic::do_not_recommend]
impl<const BATCH: i64> Sums<PerCpuCounter<BATCH>, i64> for Shared {
    fn sum<S: Symbol<PerCpuCounter<BATCH>, Kind = Self>>() -> i64 {
        let counter = PerCpu::<S, PerCpuCounter<BATCH>>::__new();
        total::<S, BATCH>().sum(counter.iter().map(|(_, counter)| &counter.part))
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
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; the variable is its
        // part, an `i64` that is only changed atomically.
        unsafe {
            if BATCH == 0 {
                S::update::<i64, { op::ADD }>(amount);
                return;
            }
            let part = S::fetch::<i64, { op::ADD }>(amount).wrapping_add(amount);
            if part >= BATCH || part <= -BATCH {
                // A handler in between may have moved it already: what is there now is moved.
                total::<S, BATCH>().receive(S::swap::<i64>(0));
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

    /// The total, off by less than `BATCH` for each CPU: one load, whatever the number of CPUs.
    ///
    /// A counter without a batch moves nothing there, so this is an error of compilation for it.
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
        total::<S, BATCH>().read()
    }

    /// Moves what the area of a CPU that does not run holds of the count to the total, so that the
    /// area can be [built anew](crate::reinit_percpu_area). Other CPUs may add, and sum, meanwhile.
    ///
    /// # Safety
    ///
    /// That CPU does not add meanwhile (rule 6 of docs/safety.md): its additions are atomic against
    /// what runs on it, not against another CPU. On x86_64 they are one instruction without `lock`: this
    /// could come between its load and its store, which brings back what moved.
    pub unsafe fn retire(&self, cpu: CpuId)
    where
        S::Kind: References<PerCpuCounter<BATCH>>,
    {
        total::<S, BATCH>().take(&self.on(cpu).part);
    }
}
