//! Values: variables that are loaded and stored as a whole.

use super::accessor::{assert_reach, enter};
use super::default_kind::check_part;
use super::kind::{Borrows, Elements, IntegerValues, Sums, Value, Values};
use super::per_cpu::PerCpu;
use super::place::Place;
use super::symbol::{Symbol, this_cpu};
use crate::arch::{Integer, Scalar, combine, obtain, op, publish, zero};
use crate::cpu::{CpuId, CpuPin};

/// The scalar type of a variable's value.
pub(crate) type As<P, T> = <<P as Place<T>>::Kind as Values<T>>::As;

/// Converts a value of the variable to its scalar.
#[inline(always)]
pub(crate) fn to_scalar<P: Place<T, Kind: Values<T>>, T>(value: T) -> As<P, T> {
    <P::Kind as Values<T>>::to(value)
}

/// Converts a scalar to a value of the variable.
#[inline(always)]
pub(crate) fn from_scalar<P: Place<T, Kind: Values<T>>, T>(value: As<P, T>) -> T {
    <P::Kind as Values<T>>::from(value)
}

/// Returns the value of any CPU.
#[inline(always)]
fn read_remote<P: Place<T, Kind: Values<T>>, T>(place: &P, cpu: CpuId) -> T {
    assert_reach(place);
    // SAFETY: rules 3 and 4, the id is valid; rule 6, the load is atomic.
    let value: As<P, T> = unsafe { place.load_from(cpu.register()) };
    obtain::<As<P, T>>();
    from_scalar::<P, T>(value)
}

/// Returns the sum of a variable's values over some CPUs.
#[inline]
pub(crate) fn sum<P, T>(place: &P, cpus: impl Iterator<Item = CpuId>) -> T
where
    P: Place<T>,
    P::Kind: Values<T, As: Integer>,
{
    let sum = cpus
        .map(|cpu| to_scalar::<P, T>(read_remote(place, cpu)))
        // SAFETY: rule 14, the scalar is an integer.
        .fold(zero(), |a, b| unsafe {
            combine::<As<P, T>, { op::ADD }>(a, b)
        });
    from_scalar::<P, T>(sum)
}

/// Makes the variables of a kind values where their type allows it.
macro_rules! are_values {
    ($kind:ty $(, $check:ident)?) => {
        #[diagnostic::do_not_recommend]
        // SAFETY: rule 14, `T` is a scalar; rule 16, there are no references.
        unsafe impl<T: $crate::Scalar> $crate::kind::Values<T> for $kind {
            type As = T;

            #[inline(always)]
            fn to(value: T) -> T {
                $(const { $check::<T>() };)?
                value
            }

            #[inline(always)]
            fn from(value: T) -> T {
                $(const { $check::<T>() };)?
                value
            }
        }

        #[diagnostic::do_not_recommend]
        // SAFETY: as `Values`.
        unsafe impl<T: $crate::Bits> $crate::kind::BitValues<T> for $kind {}

        #[diagnostic::do_not_recommend]
        // SAFETY: as `Values`.
        unsafe impl<T: $crate::Integer> $crate::kind::IntegerValues<T> for $kind {}

        #[diagnostic::do_not_recommend]
        impl<T: $crate::Integer> $crate::kind::Sums<T, T> for $kind {
            #[inline]
            fn sum<P: $crate::variable::Place<T, Kind = Self>>(place: &P) -> T {
                $crate::variable::sum(place, $crate::CpuId::all())
            }
        }
    };
}
#[allow(
    unused_imports,
    reason = "only another room uses it, which not each build has"
)]
pub(crate) use are_values;

are_values!(Value);
are_values!(Elements, check_part);

#[diagnostic::do_not_recommend]
// SAFETY: rule 16, the reference is to a local copy.
unsafe impl<T: Scalar> Borrows<T> for Value {
    #[inline(always)]
    #[track_caller]
    unsafe fn with_current<P: Place<T, Kind = Self>, R>(
        place: &P,
        f: impl FnOnce(&mut T) -> R,
    ) -> R {
        // SAFETY: rule 1, `T` is the type of the place; rules 2 and 13 are the caller's.
        unsafe { place.edit(f) }
    }

    #[inline(always)]
    unsafe fn reset<P: Symbol<T, Kind = Self>>(place: &P) {
        // SAFETY: rule 1, `T` is the type of the place; rules 2 and 13 are the caller's.
        unsafe {
            publish::<T>();
            place.store(place.initial(|| this_cpu()));
        }
    }
}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Returns this CPU's value, with a single load.
    ///
    /// # Safety
    ///
    /// This CPU ran [`init_percpu_reg`](crate::init_percpu_reg), and the context stays on it
    /// during the call (rules 2 and 5 of docs/safety.md).
    #[inline]
    pub unsafe fn read_current_raw(&self) -> T
    where
        P::Kind: Values<T>,
    {
        // SAFETY: rule 1, `T` is the type of the place; rules 2 and 5 are the caller's.
        from_scalar::<P, T>(unsafe { self.place.load() })
    }

    /// Stores `value` to this CPU's copy, with a single store.
    ///
    /// # Safety
    ///
    /// As [`read_current_raw`](Self::read_current_raw), and no reference to the copy is live.
    #[inline]
    pub unsafe fn write_current_raw(&self, value: T)
    where
        P::Kind: Values<T>,
    {
        publish::<As<P, T>>();
        // SAFETY: rule 1, `T` is the type of the place; rules 2 and 5 are the caller's.
        unsafe { self.place.store(to_scalar::<P, T>(value)) }
    }

    /// Returns this CPU's value. With `preempt` or `preempt-hook`, preemption is disabled during the call.
    #[inline]
    #[track_caller]
    pub fn read_current(&self) -> T
    where
        P::Kind: Values<T>,
    {
        let _guard = enter(&self.place);
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        <P::Kind as Values<T>>::from(unsafe { self.place.load() })
    }

    /// Stores `value` to this CPU's copy. With `preempt` or `preempt-hook`, preemption is disabled during the call.
    #[inline]
    #[track_caller]
    pub fn write_current(&self, value: T)
    where
        P::Kind: Values<T>,
    {
        let _guard = enter(&self.place);
        publish::<As<P, T>>();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; `T` is the type of the place.
        unsafe { self.place.store(<P::Kind as Values<T>>::to(value)) }
    }

    /// Returns this CPU's value, with a single load.
    #[inline]
    #[track_caller]
    pub fn read(&self, pin: &CpuPin) -> T
    where
        P::Kind: Values<T>,
    {
        assert_reach(&self.place);
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; `T` is the type of the place.
        from_scalar::<P, T>(unsafe { self.place.load_pinned(pin.register()) })
    }

    /// Stores `value` to this CPU's copy, with a single store.
    #[inline]
    #[track_caller]
    pub fn write(&self, pin: &CpuPin, value: T)
    where
        P::Kind: Values<T>,
    {
        assert_reach(&self.place);
        publish::<As<P, T>>();
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; `T` is the type of the place.
        unsafe {
            self.place
                .store_pinned(pin.register(), to_scalar::<P, T>(value))
        }
    }

    /// Returns the value of any CPU, with a single load. If that CPU changes the value meanwhile, the result is one
    /// of its values, and whole. (riscv32, and Armv7 without the Large Physical Address Extension, read 64
    /// bits in two steps.)
    #[inline]
    pub fn read_remote(&self, cpu: CpuId) -> T
    where
        P::Kind: Values<T>,
    {
        read_remote(&self.place, cpu)
    }

    /// Returns an iterator over the values of all CPUs, in the order of their ids. Each value is read once, when the
    /// iterator reaches it.
    #[inline]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = (CpuId, T)> + ExactSizeIterator
    where
        P::Kind: Values<T>,
    {
        CpuId::all().map(|cpu| (cpu, self.read_remote(cpu)))
    }

    /// Returns the sum over the CPUs that are [online](CpuId::online), wrapping around. Each value is read once.
    #[inline]
    pub fn sum_online(&self) -> T
    where
        P::Kind: IntegerValues<T>,
    {
        sum(&self.place, CpuId::online())
    }

    /// Returns the sum over all CPUs, wrapping around. Each value is read once, not all at the same time.
    ///
    /// The sum of a [`PerCpuCounter`](crate::PerCpuCounter) is never more than what was added, and is exact
    /// while no CPU adds.
    #[inline]
    pub fn sum<R>(&self) -> R
    where
        P::Kind: Sums<T, R>,
    {
        <P::Kind as Sums<T, R>>::sum(&self.place)
    }
}
