//! A place in every area, as a type: with the type of its value and a kind.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use core::ptr;

use crate::arch::Access;
#[cfg(target_has_atomic = "64")]
use crate::area::CacheLine;
use crate::area::header::Id;
use crate::area::{bias, checked_register, start};

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

/// The displacement of a variable's borrow flag, and the variable's name.
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
/// Rule 1 of docs/safety.md: [`Access::address`] and [`Access::displacement`] name one place of type `T`.
pub unsafe trait Place<T>: Access + Sized {
    /// The kind, which determines the safe accessors.
    type Kind: Kind;

    /// The place of a part, at the end of a path.
    #[doc(hidden)]
    type Part<'whole, O: Path<Of = T>>: Place<O::To, Kind = Self::Kind> + Within<'whole, Self>
    where
        Self: 'whole;

    /// The place, if it is that of a static variable.
    #[doc(hidden)]
    const STATIC: Option<Self> = None;

    /// Returns the displacement of an exclusive variable's borrow flag, and the variable's name.
    #[doc(hidden)]
    fn flag(&self) -> Flag;

    /// Returns the total of the counter that is `distance` bytes from the start of the variable: a word that all CPUs
    /// share. `None` if the type is not known to have counters.
    #[cfg(target_has_atomic = "64")]
    #[doc(hidden)]
    fn total(&self, distance: usize) -> Option<&AtomicI64>;

    /// Calls `found` for each counter that is `distance` bytes from the start of a place of this type: with the counter's
    /// address for a value of the per-CPU register, and its total. Only parts of one static variable are found.
    #[cfg(target_has_atomic = "64")]
    #[doc(hidden)]
    fn each_counter(distance: usize, found: &mut Found<'_>) {
        if let Some(place) = Self::STATIC {
            let at = |register| place.at(register).wrapping_add(distance);
            found(&at, place.total(distance));
        }
    }

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
    pub fn get(&self, distance: usize) -> Total<'_> {
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
    fn within(whole: &'whole P) -> Self;
}

/// The place of a static variable, which has an initial value.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: the place is one static of type `T`. Only the expansion of `def_percpu` implements this
/// trait.
#[diagnostic::on_unimplemented(
    message = "this place of type `{T}` has no initial value of its own",
    label = "a part of a per-CPU variable is not reset by itself, but written"
)]
pub unsafe trait Symbol<T>: Place<T> + Sized {
    /// Returns the initial value, evaluated anew, of a CPU with this index. Only the option `init` asks for the index.
    ///
    /// # Safety
    ///
    /// The result becomes the value of a copy and nothing else: without `init` it is, like the template's value, a
    /// bitwise duplicate.
    #[doc(hidden)]
    unsafe fn initial(&self, cpu: impl FnOnce() -> usize) -> T;
}

/// Returns the place of a static variable.
#[inline(always)]
pub(crate) fn place_of<S: Symbol<T>, T>() -> S {
    S::STATIC.expect("a static variable is a place")
}

/// Makes the initial value of a variable with the option `init` in the area of a CPU. Records name this function.
///
/// # Safety
///
/// `register` is the value of the per-CPU register of `cpu`, and nothing else accesses the copy there (rules 3 and 17
/// of docs/safety.md).
pub unsafe fn make<S: Symbol<T>, T>(register: usize, cpu: usize) {
    // Not `at`, which panics before the values are made if there is only one CPU.
    let place = place_of::<S, T>();
    let offset = place.address().wrapping_sub(start());
    let copy: *mut T =
        ptr::with_exposed_provenance_mut(register.wrapping_add(bias()).wrapping_add(offset));
    // SAFETY: rule 1, the copy is of this type; rules 3 and 17 are the caller's. What is there is no value yet, or is
    // forgotten.
    unsafe { copy.write(place.initial(|| cpu)) };
}

/// Returns the index of the current CPU, for a value that is made anew.
///
/// # Safety
///
/// This CPU's register is set, and the context stays on the CPU (rules 2 and 13 of docs/safety.md).
#[inline(always)]
pub(crate) unsafe fn this_cpu() -> usize {
    // SAFETY: rules 2 and 13 are the caller's; the field is a `usize`.
    unsafe { Id.load() }
}

/// The initial value of a variable. It is in a static, not a constant, because it may refer to other statics.
pub struct Initial<T>(pub T);

// SAFETY: rule 7, no context gets a reference to the value, only bitwise copies, as the areas are.
unsafe impl<T> Sync for Initial<T> {}

impl<T> Initial<T> {
    /// Returns a bitwise copy of the value.
    ///
    /// # Safety
    ///
    /// As [`Symbol::initial`].
    #[inline(always)]
    pub unsafe fn get(&'static self) -> T {
        // SAFETY: rule 3, each copy is what a CPU's area starts with; nothing writes or drops the original.
        unsafe { ptr::read(&raw const self.0) }
    }
}
