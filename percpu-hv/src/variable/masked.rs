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
    /// Calls `f` as [`with_current`](Self::with_current) does, with this CPU's interrupts masked from before the load
    /// until after the store. So no handler loses what it wrote to a [`Value`](crate::kind::Value), and none finds an
    /// [`Exclusive`](crate::kind::Exclusive) variable borrowed. Then it restores the previous interrupt state.
    ///
    /// No guard may enter or leave `f`, which is why `f` and its result are `Send`, as for [`IrqOff::scoped`]. [`IrqOff`]
    /// says which interrupts are masked. In a loop, the offset of the variable is formed once, before the loop.
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
