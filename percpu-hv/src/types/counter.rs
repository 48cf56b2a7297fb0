//! A counter to which every CPU adds on its own, and which is read as one number.

use core::{fmt, ptr};

use super::total::Total;
use crate::arch::op;
use crate::area::Home;
use crate::cpu::CpuId;
use crate::sync::AtomicI64;
use crate::variable::default_kind::Counters;
use crate::variable::kind::{References, Shared, Sums};
use crate::variable::{self, PerCpu, Place, address_on, pointer, stay};

/// A counter with a part on every CPU: an addition accesses no other CPU's memory.
///
/// With `BATCH` 0, the default, an addition is one this-CPU operation, and [`sum`](PerCpu::sum) adds all
/// parts up. With a batch, a CPU whose part reaches `BATCH` or `-BATCH` moves it to the counter's total. Then
/// [`approximate`](PerCpu::approximate) returns that total alone, which is off by less than `BATCH` for each
/// CPU.
///
/// No count is lost when a CPU goes away: its area stays, and with it the part. Before the area is rebuilt, the part
/// moves to the total, which is outside of all areas: [`percpu_hv::retire`](crate::retire) does it on the CPU that goes,
/// and the rebuild does what is left.
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
// Transparent, so that a this-CPU operation at the variable's address changes the part.
#[repr(transparent)]
pub struct PerCpuCounter<const BATCH: i64 = 0> {
    /// The part of one CPU.
    part: AtomicI64,
}

impl<const BATCH: i64> PerCpuCounter<BATCH> {
    /// Creates a counter at 0.
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

impl<const BATCH: i64> Counters for PerCpuCounter<BATCH> {
    const HAS_ONE: bool = true;
}

/// Returns the counter's total for the CPUs of a set of areas. A counter whose total nobody uses is not folded.
#[inline(always)]
fn total<P: Place<PerCpuCounter<BATCH>>, const BATCH: i64>(place: &P, home: Home) -> Total<'_> {
    // Miri runs no assembly.
    #[cfg(all(any(target_os = "linux", target_os = "none"), not(miri)))]
    crate::__record_here!(unsafe counter, fold::<P, BATCH>);
    match CpuId::common(home).filter(|_| !P::OWNS_TOTALS) {
        // SAFETY: rule 3, a copy that no CPU has; rule 16, the variable is shared, and a counter is `Sync`.
        Some(common) => Total(unsafe { part(place, common) }),
        None => {
            // SAFETY: rule 21, the place is this counter.
            let total = unsafe { place.total(place.distance()) };
            Total(total.expect("the derive knows of each counter in a struct"))
        }
    }
}

/// Moves a CPU's part of each static counter at a place of this type to the counter's total. Records name this
/// function.
fn fold<P: Place<PerCpuCounter<BATCH>>, const BATCH: i64>(cpu: CpuId) {
    let mut fold = |address: &dyn Fn(usize) -> usize, total: Option<&AtomicI64>| {
        let part = |cpu: CpuId| {
            let counter: *const PerCpuCounter<BATCH> =
                ptr::with_exposed_provenance(address(cpu.register()));
            // SAFETY: rules 1, 3 and 4, each copy of a static variable has a counter there, and the id is valid; rule
            // 16, whoever uses the total of a counter has a shared one, and a counter is `Sync`.
            unsafe { &(*counter).part }
        };
        let common = CpuId::common(cpu.home()).map(part);
        let total = common.or(total);
        Total(total.expect("the derive knows of each counter in a struct")).take(part(cpu));
    };
    // SAFETY: rule 21, the code that emitted the record has such a place.
    unsafe { P::each_counter(0, &mut fold) };
}

/// Returns a CPU's part of the counter.
///
/// # Safety
///
/// The variable is shared (rule 16 of docs/safety.md).
#[inline(always)]
unsafe fn part<P: Place<PerCpuCounter<BATCH>>, const BATCH: i64>(
    place: &P,
    cpu: CpuId,
) -> &AtomicI64 {
    // SAFETY: rules 3 and 4, the id is valid; rule 16 is the caller's, and a counter is `Sync`.
    let counter: &PerCpuCounter<BATCH> = unsafe { &*pointer(place, address_on(place, cpu)) };
    &counter.part
}

#[diagnostic::do_not_recommend]
impl<const BATCH: i64> Sums<PerCpuCounter<BATCH>, i64> for Shared {
    fn sum<P: Place<PerCpuCounter<BATCH>, Kind = Self>>(place: &P) -> i64 {
        // SAFETY: rule 16, the kind is `Shared`.
        let parts = CpuId::all().map(|cpu| unsafe { part(place, cpu) });
        total(place, Home::current()).sum(parts)
    }
}

impl<P: Place<PerCpuCounter<BATCH>>, const BATCH: i64> PerCpu<P, PerCpuCounter<BATCH>> {
    /// Adds `amount` on this CPU, wrapping around, atomically against interrupts on this CPU.
    #[inline]
    #[track_caller]
    pub fn add(&self, amount: i64)
    where
        P::Kind: References<PerCpuCounter<BATCH>>,
    {
        let _guard = stay(&self.place);
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; the variable is the counter's
        // part, an `i64` that changes atomically only.
        unsafe {
            if BATCH == 0 {
                self.place.update::<i64, { op::ADD }>(amount);
                return;
            }
            let part = self
                .place
                .fetch::<i64, { op::ADD }>(amount)
                .wrapping_add(amount);
            if part >= BATCH || part <= -BATCH {
                // A handler may have moved the part already, so move what it holds now.
                total(&self.place, Home::current()).receive(self.place.swap::<i64>(0));
            }
        }
    }

    /// Subtracts `amount` on this CPU, wrapping around, atomically against interrupts on this CPU.
    #[inline]
    #[track_caller]
    pub fn sub(&self, amount: i64)
    where
        P::Kind: References<PerCpuCounter<BATCH>>,
    {
        self.add(amount.wrapping_neg());
    }

    /// Returns the total, which is off by less than `BATCH` for each CPU. Takes one load, whatever the number
    /// of CPUs.
    ///
    /// A counter without a batch never moves its parts, so for it this is a compile error.
    #[inline]
    pub fn approximate(&self) -> i64
    where
        P::Kind: References<PerCpuCounter<BATCH>>,
    {
        const {
            assert!(
                BATCH > 0,
                "percpu-hv: `approximate` needs a batch: PerCpuCounter<32>"
            )
        };
        total(&self.place, Home::current()).read()
    }

    /// Moves this CPU's part to the total. [`percpu_hv::retire`](crate::retire) does it for all static counters, and so does
    /// a [rebuild](crate::reinit_percpu_area). All CPUs may add and sum at the same time.
    #[inline]
    #[track_caller]
    pub fn retire_current(&self)
    where
        P::Kind: References<PerCpuCounter<BATCH>>,
    {
        let _guard = stay(&self.place);
        // SAFETY: rules 2, 3 and 13, as `add`.
        let part = unsafe { self.place.swap::<i64>(0) };
        total(&self.place, Home::current()).receive(part);
    }

    /// Moves the part of a CPU that does not run to the total, as a [rebuild](crate::reinit_percpu_area) of its area does.
    /// Other CPUs may add and sum at the same time.
    ///
    /// # Safety
    ///
    /// That CPU does not add during the call (rule 6 of docs/safety.md): its additions are atomic against
    /// handlers on it, not against another CPU. On x86_64 an addition is one instruction without `lock`: if
    /// the part moved between its load and its store, the store would bring the part back.
    pub unsafe fn retire(&self, cpu: CpuId)
    where
        P::Kind: References<PerCpuCounter<BATCH>>,
    {
        total(&self.place, cpu.home()).take(&self.on(cpu).part);
    }
}
