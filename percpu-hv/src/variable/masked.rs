//! `with_current_irq_off`: this CPU's copy, while interrupts are masked.

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::accessor::assert_reach;
use super::kind::Borrows;
use super::part::Fixed;
use super::per_cpu::PerCpu;
use super::place::{Flag, Path, Place};
use crate::arch::Access;
use crate::cpu::IrqOff;

/// A place whose displacement is computed already.
struct Displaced<'place, P> {
    place: &'place P,
    displacement: usize,
}

// SAFETY: rule 1, the same place.
unsafe impl<P: Access> Access for Displaced<'_, P> {
    #[inline(always)]
    fn displacement(&self) -> usize {
        self.displacement
    }
}

// SAFETY: rule 1, the same place.
unsafe impl<P: Place<T>, T> Place<T> for Displaced<'_, P> {
    type Kind = P::Kind;

    const OWNS_TOTALS: bool = P::OWNS_TOTALS;

    type Part<'whole, O: Path<Of = T>>
        = Fixed<'whole, Self, O>
    where
        Self: 'whole;

    #[inline(always)]
    fn flag(&self) -> Flag {
        self.place.flag()
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64> {
        // SAFETY: as this method.
        unsafe { self.place.total(distance) }
    }
}

impl<P: Place<T>, T> PerCpu<P, T> {
    /// Calls `f` as [`with_current`](Self::with_current) does, with this CPU's interrupts masked during the call. Then it
    /// restores the previous interrupt state.
    ///
    /// No handler of a maskable interrupt comes between the load and the store of a [`Value`](crate::kind::Value), so what
    /// it wrote is not overwritten, and none finds an [`Exclusive`](crate::kind::Exclusive) variable borrowed. [`IrqOff`]
    /// says which interrupts are masked. Handlers that no mask stops still come. In a process, only threads that mask or
    /// borrow wait, not this-CPU operations of another thread.
    ///
    /// As for [`with_current`](Self::with_current), `f` must not store to the same value in another way: its store
    /// overwrites that. As for [`IrqOff::scoped`], no guard may enter or leave `f`, which is why `f` and its result are
    /// `Send`, and no thread-local of the kernel may hold one.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use percpu_hv::def_percpu;
    ///
    /// #[def_percpu]
    /// static LONGEST: u64 = 0;
    ///
    /// percpu_hv::init_hosted(4).unwrap();
    /// percpu_hv::init_percpu_reg(0);
    /// LONGEST.with_current_irq_off(|longest| *longest = 7.max(*longest));
    /// assert_eq!(LONGEST.read_current(), 7);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`with_current`](Self::with_current).
    #[inline]
    #[track_caller]
    pub fn with_current_irq_off<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R + Send,
        R: Send,
        P::Kind: Borrows<T>,
    {
        assert_reach(&self.place);
        if P::OFFSET_IS_IMMEDIATE {
            let _irq = IrqOff::for_call();
            // SAFETY: rules 2 and 13, the guard keeps the context on this CPU.
            unsafe { <P::Kind as Borrows<T>>::with_current(&self.place, f) }
        } else {
            // Before interrupts are masked: the optimizer moves nothing that follows out of a loop.
            let place = Displaced {
                place: &self.place,
                displacement: self.place.displacement(),
            };
            let _irq = IrqOff::for_call();
            // SAFETY: as above.
            unsafe { <P::Kind as Borrows<T>>::with_current(&place, f) }
        }
    }
}
