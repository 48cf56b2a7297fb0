//! Variables that are made at run time: a place at one offset in every area, taken from the areas' reserve.

use core::alloc::Layout;
use core::any::type_name;
use core::fmt;
#[cfg(target_has_atomic = "64")]
use core::hint;
use core::marker::PhantomData;
use core::mem;
use core::ptr;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::default_kind::{Probe, choose};
use super::kind::{self, AtRunTime, Beside};
use super::part::Fixed;
use super::per_cpu::PerCpu;
use super::place::{Flag, Path, Place};
use crate::arch::{Access, Scalar};
use crate::area::{DynError, Home, Space, bias};
use crate::cpu::CpuId;

/// A per-CPU variable that is made at run time, and dropped: one `T` for each CPU, at one offset in all areas.
///
/// It is a [`PerCpu`] and has all its methods. What they return borrows the variable, so none outlives it. `K` is the
/// kind: [`Value`](enum@crate::kind::Value) unless it is said, [`Shared`](enum@crate::kind::Shared),
/// [`Exclusive`](enum@crate::kind::Exclusive) or [`Elements`](enum@crate::kind::Elements). [The guide](crate::guide::dynamic) says where the space comes from.
///
/// When it is dropped, the calling CPU drops the value of every CPU.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::{DynPerCpu, kind};
///
/// struct Guest {
///     exits: DynPerCpu<u64>,
///     log: DynPerCpu<Vec<u64>, kind::Exclusive>,
/// }
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// let guest = Guest { exits: DynPerCpu::new(0)?, log: DynPerCpu::new_with(|_cpu| Vec::new())? };
/// guest.exits.inc_current();
/// guest.log.with_current(|log| log.push(7));
/// assert_eq!(guest.exits.sum::<u64>(), 1);
/// # }
/// # Ok::<(), percpu_hv::DynError>(())
/// ```
pub type DynPerCpu<T, K = kind::Value> = PerCpu<Dynamic<T, K>, T>;

/// The place of a [`DynPerCpu`]. It owns the space, and the values of all CPUs.
// `fn(T) -> T`: a variable of `&'static str` does not become one of a shorter lifetime.
pub struct Dynamic<T, K> {
    // The values are dropped before the space is given back.
    values: Values<T>,
    _space: Space,
    kind: PhantomData<fn() -> K>,
}

/// The values of the CPUs `0..count` of a set of areas.
struct Values<T> {
    home: Home,
    /// What an access adds to the per-CPU register.
    displacement: usize,
    count: usize,
    value: PhantomData<fn(T) -> T>,
}

impl<T> Values<T> {
    /// Returns the value of the last CPU, and forgets it.
    fn pop(&mut self) -> Option<*mut T> {
        self.count = self.count.checked_sub(1)?;
        let register = self.home.register(self.count)?;
        Some(ptr::with_exposed_provenance_mut(
            register.wrapping_add(self.displacement),
        ))
    }

    fn drop_all(&mut self) {
        /// Drops the others if one panics.
        struct Others<'a, T>(&'a mut Values<T>);

        impl<T> Drop for Others<'_, T> {
            fn drop(&mut self) {
                self.0.drop_all();
            }
        }

        while let Some(value) = self.pop() {
            let others = Others(self);
            // SAFETY: rule 22, the variable is being dropped, so nothing refers to the value; rule 7, `T: Send`.
            unsafe { value.drop_in_place() };
            mem::forget(others);
        }
    }
}

impl<T> Drop for Values<T> {
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            self.drop_all();
        }
    }
}

// SAFETY: rule 1, the space is the place's own, and in every area; rule 22.
unsafe impl<T, K> Access for Dynamic<T, K> {
    const HOT: bool = false;

    #[inline(always)]
    fn displacement(&self) -> usize {
        self.values.home.assert_current();
        self.values.displacement
    }

    #[inline(always)]
    fn at(&self, register: usize) -> usize {
        self.values.home.assert_has(register);
        register.wrapping_add(self.values.displacement)
    }
}

// SAFETY: rule 1, the space is for a `T`, and there is one on every CPU; rule 22.
unsafe impl<T, K: AtRunTime<T>> Place<T> for Dynamic<T, K> {
    type Kind = K;

    const OWNS_TOTALS: bool = true;

    type Part<'whole, O: Path<Of = T>>
        = Fixed<'whole, Self, O>
    where
        Self: 'whole;

    #[inline(always)]
    fn flag(&self) -> Flag {
        const { assert!(matches!(K::BESIDE, Beside::Flag)) };
        (
            self.displacement()
                .wrapping_add(const { layout::<T, K>().1 }),
            type_name::<T>(),
        )
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64> {
        if !matches!(K::BESIDE, Beside::Totals(words) if distance / 8 < words) {
            return None;
        }
        // SAFETY: rule 22, the variable has a value on CPU 0, so that CPU has an area.
        let register = unsafe { self.values.home.register(0).unwrap_unchecked() };
        let totals = self.at(register).wrapping_add(const { layout::<T, K>().1 });
        let total = totals.wrapping_add(distance / 8 * 8);
        // SAFETY: rule 22, beside the value of CPU 0, and initialized with it.
        unsafe {
            // So that the optimizer knows that there is one.
            hint::assert_unchecked(total != 0);
            Some(&*ptr::with_exposed_provenance(total))
        }
    }
}

/// Returns the layout of a variable with what its kind has beside it, and the distance of the latter.
const fn layout<T, K: AtRunTime<T>>() -> (Layout, usize) {
    match Layout::new::<T>().extend(K::BESIDE.layout()) {
        Ok(layout) => layout,
        Err(_) => panic!("percpu-hv: the type of a per-CPU variable is too large"),
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: rule 22, the accessors of a value use nothing beside it.
unsafe impl<T: Scalar + Send + 'static> AtRunTime<T> for kind::Value {
    const BESIDE: Beside = {
        // What a static variable's definition checks.
        choose(Probe::<T>::__PERCPU_SCALAR, false, false, true);
        Beside::Nothing
    };
}

#[diagnostic::do_not_recommend]
// SAFETY: rule 22, of the types with references only a counter uses words beside it.
unsafe impl<T: Send + 'static> AtRunTime<T> for kind::Shared {
    // A type with counters in it consists of words of 8 bytes. Others may too, and cannot be told from it here.
    const BESIDE: Beside = Beside::Totals(if align_of::<T>() >= 8 {
        size_of::<T>() / 8
    } else {
        0
    });
}

#[diagnostic::do_not_recommend]
// SAFETY: rules 21 and 22, the accessors of a part use nothing beside it.
unsafe impl<T: Send + 'static> AtRunTime<T> for kind::Elements {
    const BESIDE: Beside = Beside::Nothing;
}

#[diagnostic::do_not_recommend]
// SAFETY: rule 22, a borrow uses the flag.
unsafe impl<T: Send + 'static> AtRunTime<T> for kind::Exclusive {
    const BESIDE: Beside = Beside::Flag;
}

/// Variables that are made at run time.
// The bound is on each method, where the compiler explains it.
impl<T, K> PerCpu<Dynamic<T, K>, T> {
    /// Makes a variable that has this value on every CPU.
    ///
    /// # Errors
    ///
    /// As [`new_with`](Self::new_with).
    pub fn new(value: T) -> Result<Self, DynError>
    where
        T: Clone,
        K: AtRunTime<T>,
    {
        Self::new_with(|_| value.clone())
    }

    /// Makes a variable, whose value on each CPU that has an area is the result of `init`. The calling CPU calls `init`,
    /// in the order of the ids, whether the others run or not. If `init` panics, the values so far are dropped.
    ///
    /// Interrupts are masked only while the space is taken.
    ///
    /// # Errors
    ///
    /// Any [`DynError`]. `init` was not called then.
    pub fn new_with(mut init: impl FnMut(CpuId) -> T) -> Result<Self, DynError>
    where
        K: AtRunTime<T>,
    {
        let (layout, beside) = const { layout::<T, K>() };
        let space = Space::take(layout)?;
        let displacement = space.offset().wrapping_add(bias());
        let home = Home::current();
        let mut place = Dynamic {
            values: Values {
                home,
                displacement,
                count: 0,
                value: PhantomData,
            },
            _space: space,
            kind: PhantomData,
        };
        for cpu in CpuId::all() {
            let value = init(cpu);
            // SAFETY: rule 22, the space is this variable's, which no other CPU knows yet.
            unsafe { write::<T>(place.at(cpu.register()), value, beside, K::BESIDE) };
            place.values.count += 1;
        }
        // SAFETY: rule 1, the place is of this type; rule 14, its kind was checked above.
        Ok(unsafe { Self::__new(place) })
    }

    /// Replaces the value of a CPU, and ends its borrow. The calling CPU drops the old value. Whoever
    /// [rebuilds the area](crate::reinit_percpu_area) of a CPU calls it for the variables that the CPU used: a rebuild
    /// leaves them as they were.
    ///
    /// # Safety
    ///
    /// Nothing uses that CPU's value during the call, and no reference to it is live (rule 6 of docs/safety.md).
    pub unsafe fn replace_remote(&self, cpu: CpuId, value: T)
    where
        K: AtRunTime<T>,
    {
        let (_, beside) = const { layout::<T, K>() };
        let address = self.place.at(cpu.register());
        // SAFETY: rules 3, 4 and 22, the id is valid, and the CPU has a value; rule 6 is the caller's.
        let old = unsafe { ptr::with_exposed_provenance::<T>(address).read() };
        // The total of a counter is that of all CPUs, and stays.
        let flag = match K::BESIDE {
            Beside::Flag => Beside::Flag,
            _ => Beside::Nothing,
        };
        // SAFETY: as above, and the value has been moved out.
        unsafe { write::<T>(address, value, beside, flag) };
        drop(old);
    }
}

/// Writes a value, and zeros to what is beside it.
///
/// # Safety
///
/// Space for both is at `address`, and nothing else uses it (rules 3 and 22 of docs/safety.md).
unsafe fn write<T>(address: usize, value: T, beside: usize, kind: Beside) {
    let place = ptr::with_exposed_provenance_mut::<T>(address);
    // SAFETY: rules 3 and 22 are the caller's.
    unsafe {
        place.write(value);
        place
            .cast::<u8>()
            .add(beside)
            .write_bytes(0, kind.layout().size());
    }
}

impl<T, K> fmt::Debug for Dynamic<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dynamic").finish_non_exhaustive()
    }
}
