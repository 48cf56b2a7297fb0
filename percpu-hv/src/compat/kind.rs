//! The kind of their variables: everything that `percpu` allows, unchecked.

use super::init::register_of;
use crate::variable::default_kind::Unchecked;
use crate::variable::kind::{Borrows, Kind};
use crate::variable::{Place, Symbol, are_values, pointer, sealed, this_cpu};

/// The kind of a variable of `percpu`, which checks nothing. Its users keep rules 5 to 7 of docs/safety.md
/// themselves.
#[derive(Debug)]
pub enum Percpu {}

impl sealed::Sealed for Percpu {}

impl Kind for Percpu {
    const CHECKED: bool = false;

    #[inline]
    #[track_caller]
    fn register_of(cpu_id: usize) -> usize {
        register_of(cpu_id)
    }
}

// SAFETY: rules 5, 7, 14 and 16 are the users', as in `percpu`.
unsafe impl Unchecked for Percpu {
    type Itself = Self;
}

are_values!(Percpu);

// SAFETY: rules 5 and 7 are the users', as in `percpu`.
unsafe impl<T> Borrows<T> for Percpu {
    #[inline(always)]
    #[track_caller]
    unsafe fn with_current<P: Place<T, Kind = Self>, R>(
        place: &P,
        f: impl FnOnce(&mut T) -> R,
    ) -> R {
        // SAFETY: rules 2 and 3; rules 5 and 7 are the users', as in `percpu`.
        f(unsafe { &mut *pointer(place, place.current()).cast_mut() })
    }

    #[inline(always)]
    #[track_caller]
    unsafe fn reset<P: Symbol<T, Kind = Self>>(place: &P) {
        // SAFETY: as `with_current`.
        unsafe { Self::with_current(place, |value| *value = place.initial(|| this_cpu())) };
    }
}
