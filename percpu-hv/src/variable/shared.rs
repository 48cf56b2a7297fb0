//! Shared variables: `&T` to the copy of this CPU or another one, never `&mut T`.

use core::cell::{BorrowError, BorrowMutError, Ref, RefCell, RefMut};

use super::accessor::{address_on, pointer};
use super::kind::{self, LocalReferences, References};
use super::per_cpu::PerCpu;
use super::place::Place;
use crate::cpu::{CpuId, CpuPin, IrqOff};

#[diagnostic::do_not_recommend]
// SAFETY: rule 16, `T: Sync`, and there is no store and no `&mut T`.
unsafe impl<T: Sync> References<T> for kind::Shared {}
#[diagnostic::do_not_recommend]
// SAFETY: rules 7 and 16, `T: Send`, and there is no store and no `&mut T`.
unsafe impl<T: Send> LocalReferences<T> for kind::Shared {}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Returns this CPU's copy, for as long as the context stays on this CPU.
    #[inline]
    #[track_caller]
    pub fn get<'pin>(&'pin self, pin: &'pin CpuPin) -> &'pin T
    where
        P::Kind: References<T>,
    {
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; rule 16, the variable is shared, and `T: Sync`.
        unsafe { &*pointer(&self.place, self.place.pinned(pin.register())) }
    }

    /// Returns this CPU's copy, for as long as interrupts are masked. Nothing else runs on this CPU then, so
    /// `T` need not be `Sync`: `Cell` and `RefCell`, for example.
    #[inline]
    #[track_caller]
    pub fn get_local<'irq>(&'irq self, irq: &'irq IrqOff) -> &'irq T
    where
        P::Kind: LocalReferences<T>,
    {
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; rule 16, the variable is shared, and nothing
        // else runs on this CPU; rule 7, `T: Send`.
        unsafe { &*pointer(&self.place, self.place.pinned(irq.register())) }
    }

    /// Returns the copy of any CPU.
    #[inline]
    pub fn on(&self, cpu: CpuId) -> &T
    where
        P::Kind: References<T>,
    {
        // SAFETY: rules 3 and 4, the id is valid; rule 16, the variable is shared, and `T: Sync`.
        unsafe { &*pointer(&self.place, address_on(&self.place, cpu)) }
    }

    /// Returns an iterator over the copies of all CPUs, in the order of their ids.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (CpuId, &T)> + ExactSizeIterator
    where
        P::Kind: References<T>,
    {
        CpuId::all().map(|cpu| (cpu, self.on(cpu)))
    }

    /// Folds the copies of all CPUs, in the order of their ids.
    #[inline]
    pub fn fold<A>(&self, start: A, mut f: impl FnMut(A, &T) -> A) -> A
    where
        P::Kind: References<T>,
    {
        self.iter().fold(start, |sum, (_, value)| f(sum, value))
    }
}

/// A `RefCell`, whose value may stay borrowed for longer than a call while interrupts are masked.
impl<P: Place<RefCell<T>>, T> PerCpu<P, RefCell<T>> {
    /// Borrows this CPU's value.
    ///
    /// # Panics
    ///
    /// If the value is mutably borrowed.
    #[inline]
    #[track_caller]
    pub fn borrow<'irq>(&'irq self, irq: &'irq IrqOff) -> Ref<'irq, T>
    where
        P::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).borrow()
    }

    /// Mutably borrows this CPU's value.
    ///
    /// # Panics
    ///
    /// If the value is borrowed.
    #[inline]
    #[track_caller]
    pub fn borrow_mut<'irq>(&'irq self, irq: &'irq IrqOff) -> RefMut<'irq, T>
    where
        P::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).borrow_mut()
    }

    /// Borrows this CPU's value.
    ///
    /// # Errors
    ///
    /// If the value is mutably borrowed.
    #[inline]
    pub fn try_borrow<'irq>(&'irq self, irq: &'irq IrqOff) -> Result<Ref<'irq, T>, BorrowError>
    where
        P::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).try_borrow()
    }

    /// Mutably borrows this CPU's value.
    ///
    /// # Errors
    ///
    /// If the value is borrowed.
    #[inline]
    pub fn try_borrow_mut<'irq>(
        &'irq self,
        irq: &'irq IrqOff,
    ) -> Result<RefMut<'irq, T>, BorrowMutError>
    where
        P::Kind: LocalReferences<RefCell<T>>,
    {
        self.get_local(irq).try_borrow_mut()
    }
}
