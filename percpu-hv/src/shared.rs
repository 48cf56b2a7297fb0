//! Shared variables: `&T` of this CPU or another one, never a `&mut T`.

use core::cell::{BorrowError, BorrowMutError, Cell, LazyCell, OnceCell, Ref, RefCell, RefMut};
use core::sync::atomic;

use crate::kind::{self, LocalReferences, References};
use crate::variable::{PerCpu, Symbol};
use crate::{CpuId, CpuPin, IrqOff};

/// A type whose variables are [`Shared`](kind::Shared) by default: it is changed through `&self`.
///
/// Implemented for atomics, `Cell`, `RefCell`, `OnceCell`, [`PerCpuOnce`](crate::PerCpuOnce),
/// [`PerCpuCounter`](crate::PerCpuCounter), and arrays and tuples of these. It is safe to implement for any type of your
/// own, since a shared variable never gives a `&mut T`. For a type of another crate, a lock or a lazy cell, say
/// `#[def_percpu(shared)]` at the variable.
///
/// To implement it for a type that has variables changes what they can do, and breaks their users.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use percpu_hv::{CpuPin, def_percpu};
///
/// struct Load { running: AtomicU32, waiting: AtomicU32 }
/// impl percpu_hv::Shared for Load {}
///
/// #[def_percpu]
/// static LOAD: Load = Load { running: AtomicU32::new(0), waiting: AtomicU32::new(0) };
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// LOAD.get(&CpuPin::new()).waiting.fetch_add(1, Relaxed);
/// assert_eq!(LOAD.fold(0, |sum, load| sum + load.waiting.load(Relaxed)), 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Shared` by itself",
    note = "implement the safe trait `percpu_hv::Shared` for a type of your own, or say `#[def_percpu(shared)]`"
)]
pub trait Shared {}

macro_rules! shared {
    ($($(#[$attr:meta])* [$($generic:tt)*] $ty:ty;)*) => {$(
        $(#[$attr])*
        impl<$($generic)*> Shared for $ty {}
    )*};
}

shared! {
    [] atomic::AtomicBool;
    [] atomic::AtomicU8;
    [] atomic::AtomicI8;
    [] atomic::AtomicU16;
    [] atomic::AtomicI16;
    [] atomic::AtomicU32;
    [] atomic::AtomicI32;
    #[cfg(target_has_atomic = "64")] [] atomic::AtomicU64;
    #[cfg(target_has_atomic = "64")] [] atomic::AtomicI64;
    [] atomic::AtomicUsize;
    [] atomic::AtomicIsize;
    [T] atomic::AtomicPtr<T>;
    [T] Cell<T>;
    [T] RefCell<T>;
    [T] OnceCell<T>;
    [T, F] LazyCell<T, F>;
    [T] crate::PerCpuOnce<T>;
    #[cfg(target_has_atomic = "64")] [const BATCH: i64] crate::PerCpuCounter<BATCH>;
    [T: Shared, const N: usize] [T; N];
}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first: Shared, $($rest: Shared),*> Shared for ($first, $($rest,)*) {}
        tuples!($($rest)*);
    };
    () => {};
}
tuples!(A B C D E F G H);

#[diagnostic::do_not_recommend]
// SAFETY: rule 16, `T: Sync`, and there is no store and no `&mut T`.
unsafe impl<T: Sync> References<T> for kind::Shared {}
#[diagnostic::do_not_recommend]
// SAFETY: rules 7 and 16, `T: Send`, and there is no store and no `&mut T`.
unsafe impl<T: Send> LocalReferences<T> for kind::Shared {}

impl<S: Symbol<T>, T> PerCpu<S, T> {
    /// This CPU's copy, for as long as the context stays here.
    #[inline]
    #[track_caller]
    pub fn get<'pin>(&self, pin: &'pin CpuPin) -> &'pin T
    where
        S::Kind: References<T>,
    {
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; rule 16, the variable is shared, and `T: Sync`.
        unsafe { &*Self::pointer(Self::pinned(pin)) }
    }

    /// This CPU's copy, for as long as interrupts are off: also where `T` is not `Sync`, as `Cell` and `RefCell`,
    /// since nothing else runs on this CPU.
    #[inline]
    #[track_caller]
    pub fn get_local<'irq>(&self, irq: &'irq IrqOff) -> &'irq T
    where
        S::Kind: LocalReferences<T>,
    {
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; rule 16, the variable is shared, and nothing
        // else runs on this CPU; rule 7, `T: Send`.
        unsafe { &*Self::pointer(Self::pinned(irq)) }
    }

    /// The copy of another CPU, or of this one.
    #[inline]
    pub fn on(&self, cpu: CpuId) -> &T
    where
        S::Kind: References<T>,
    {
        // SAFETY: rules 3 and 4, the id is valid; rule 16, the variable is shared, and `T: Sync`.
        unsafe { &*Self::pointer(Self::address_on(cpu)) }
    }

    /// The copies of all CPUs, by their ids.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (CpuId, &T)> + ExactSizeIterator
    where
        S::Kind: References<T>,
    {
        CpuId::all().map(|cpu| (cpu, self.on(cpu)))
    }

    /// Folds the copies of all CPUs, by their ids.
    #[inline]
    pub fn fold<A>(&self, start: A, mut f: impl FnMut(A, &T) -> A) -> A
    where
        S::Kind: References<T>,
    {
        self.iter().fold(start, |sum, (_, value)| f(sum, value))
    }
}

/// A value that is borrowed while interrupts are off, also for longer than a call.
impl<S: Symbol<RefCell<T>>, T> PerCpu<S, RefCell<T>> {
    /// Borrows this CPU's value.
    ///
    /// # Panics
    ///
    /// If it is mutably borrowed.
    #[inline]
    #[track_caller]
    pub fn borrow<'irq>(&self, irq: &'irq IrqOff) -> Ref<'irq, T>
    where
        S::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).borrow()
    }

    /// Mutably borrows this CPU's value.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[inline]
    #[track_caller]
    pub fn borrow_mut<'irq>(&self, irq: &'irq IrqOff) -> RefMut<'irq, T>
    where
        S::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).borrow_mut()
    }

    /// Borrows this CPU's value.
    ///
    /// # Errors
    ///
    /// If it is mutably borrowed.
    #[inline]
    pub fn try_borrow<'irq>(&self, irq: &'irq IrqOff) -> Result<Ref<'irq, T>, BorrowError>
    where
        S::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).try_borrow()
    }

    /// Mutably borrows this CPU's value.
    ///
    /// # Errors
    ///
    /// If it is borrowed.
    #[inline]
    pub fn try_borrow_mut<'irq>(&self, irq: &'irq IrqOff) -> Result<RefMut<'irq, T>, BorrowMutError>
    where
        S::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).try_borrow_mut()
    }
}
