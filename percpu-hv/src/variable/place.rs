//! A place in every area, as a type: with the type of its value and a kind.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use crate::arch::Access;
#[cfg(target_has_atomic = "64")]
use crate::area::CacheLine;
use crate::area::checked_register;

/// A kind of variables.
pub trait Kind: sealed::Sealed {
    /// The name, for readers. Empty for a kind whose variables are not listed.
    #[doc(hidden)]
    const NAME: &'static str = "";

    /// Whether debug builds check the per-CPU register and the alignment of a copy.
    #[doc(hidden)]
    const CHECKED: bool = true;

    /// Returns the value of the per-CPU register of CPU `cpu_id`. Panics if there is no such CPU.
    #[doc(hidden)]
    #[inline(always)]
    #[track_caller]
    fn register_of(cpu_id: usize) -> usize {
        checked_register(cpu_id)
    }
}

/// Prevents other crates from adding a kind.
pub(crate) mod sealed {
    pub trait Sealed {}
}

/// The displacement of a variable's borrow flag, and the name of the variable, or of its type if it has none.
pub type Flag = (usize, &'static str);

/// A place of type `T` in every area: of a variable that `#[def_percpu]` defines, for example.
///
/// Functions that are generic over variables have it as a bound. Only this crate and its macros implement it.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::kind::IntegerValues;
/// use percpu_hv::{PerCpu, Place, def_percpu};
///
/// /// Counts an event on this CPU.
/// fn count<P: Place<u64, Kind: IntegerValues<u64>>>(events: &PerCpu<P, u64>) {
///     events.inc_current();
/// }
///
/// #[def_percpu]
/// static EXITS: u64 = 0;
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// count(&EXITS);
/// assert_eq!(EXITS.read_current(), 1);
/// # }
/// ```
///
/// # Safety
///
/// Rule 1 of docs/safety.md: [`Access::displacement`] belongs to one place of type `T`.
pub unsafe trait Place<T>: Access + Sized {
    /// The kind, which determines the safe accessors.
    type Kind: Kind;

    /// The place of a part, at the end of a path.
    #[doc(hidden)]
    type Part<'whole, O: Path<Of = T>>: Place<O::To, Kind = Self::Kind> + Within<'whole, Self>
    where
        Self: 'whole;

    /// Returns the displacement of an exclusive variable's borrow flag, and the name for its errors.
    #[doc(hidden)]
    fn flag(&self) -> Flag;

    /// Returns the total of the counter that is `distance` bytes from the start of the variable: a word that all CPUs
    /// share. `None` if the type is not known to have counters.
    ///
    /// # Safety
    ///
    /// The counter is a part that the caller can reach (rule 21 of docs/safety.md).
    #[cfg(target_has_atomic = "64")]
    #[doc(hidden)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64>;

    /// Calls `found` for each counter that is `distance` bytes from the start of a place of this type: with the counter's
    /// address for a value of the per-CPU register, and its total. Only parts of one static variable are found.
    ///
    /// # Safety
    ///
    /// As [`total`](Self::total).
    #[cfg(target_has_atomic = "64")]
    #[doc(hidden)]
    unsafe fn each_counter(_distance: usize, _found: &mut Found<'_>) {}

    /// Whether the totals are the variable's own, and not the same words for each set of areas.
    #[doc(hidden)]
    const OWNS_TOTALS: bool = false;

    /// Returns the distance in bytes from the start of the variable.
    #[doc(hidden)]
    #[inline(always)]
    fn distance(&self) -> usize {
        0
    }
}

/// What is told of a counter: its address, for a value of the per-CPU register, and its total.
#[cfg(target_has_atomic = "64")]
pub type Found<'f> = dyn FnMut(&dyn Fn(usize) -> usize, Total<'_>) + 'f;

/// The total of a counter, if there is one.
#[cfg(target_has_atomic = "64")]
pub type Total<'word> = Option<&'word AtomicI64>;

/// The totals of the counters in a variable, each in cache lines of its own: one for each 8 bytes.
#[cfg(target_has_atomic = "64")]
pub struct Totals<const N: usize>([CacheLine<AtomicI64>; N]);

#[cfg(target_has_atomic = "64")]
impl<const N: usize> Totals<N> {
    /// All are 0.
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "it initializes a static"
    )]
    pub const NEW: Self = Self([const { CacheLine(AtomicI64::new(0)) }; N]);

    /// Returns the total of the counter that is `distance` bytes from the start of the variable.
    #[inline(always)]
    pub fn get(&self, distance: usize) -> Option<&AtomicI64> {
        self.0.get(distance / 8).map(|total| &total.0)
    }
}

/// A path from a place of type `Of` to a part of it, which is of type `To`.
///
/// # Safety
///
/// Rule 21 of docs/safety.md: a `To` is `OFFSET` bytes from the start of each `Of`, and inside of it.
#[doc(hidden)]
pub unsafe trait Path {
    type Of;
    type To;
    const OFFSET: usize;
}

/// The place of a part of `P`.
#[doc(hidden)]
pub trait Within<'whole, P> {
    /// Returns the place of the part in `whole`.
    ///
    /// # Safety
    ///
    /// Rule 21 of docs/safety.md: the part is there, and the caller can reach it. An index is in range, and a field is
    /// visible.
    unsafe fn within(whole: &'whole P) -> Self;
}
