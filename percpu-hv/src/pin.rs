//! Staying on a CPU: the register is read once for many accesses.

use core::fmt;
use core::marker::PhantomData;

use crate::guard::NoPreemptGuard;
use crate::variable::{PerCpu, Symbol, assert_register};
use crate::{Scalar, arch};

/// This context stays on this CPU while the guard lives.
///
/// With the feature `preempt` it keeps preemption off. Without it the kernel is not preemptible,
/// and the guard is a promise that holds by itself: a context is on its CPU until it gives the CPU
/// away. It holds the per-CPU register's value, so that many accesses read the register once.
///
/// Interrupt handlers still run: see [`IrqOff`](crate::IrqOff).
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::sync::atomic::{AtomicU64, Ordering};
/// use percpu_hv::{CpuPin, def_percpu};
///
/// #[def_percpu]
/// static EXITS: AtomicU64 = AtomicU64::new(0);
/// #[def_percpu]
/// static VCPU: u32 = 7;
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// let pin = CpuPin::new();
/// EXITS.get(&pin).fetch_add(1, Ordering::Relaxed);
/// assert_eq!(VCPU.read(&pin), 7);
/// # }
/// ```
pub struct CpuPin {
    register: usize,
    _guard: NoPreemptGuard,
    // Another CPU must not see it: neither `Send` nor `Sync`.
    _here: PhantomData<*mut ()>,
}

impl CpuPin {
    /// Stays on the CPU that runs this.
    #[inline]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let guard = NoPreemptGuard::new();
        assert_register();
        Self {
            register: arch::register_for_pin(),
            _guard: guard,
            _here: PhantomData,
        }
    }
}

impl CpuPin {
    /// The address that a displacement has on this CPU.
    #[inline(always)]
    pub(crate) fn address(&self, displacement: usize) -> usize {
        self.register.wrapping_add(displacement)
    }
}

impl fmt::Debug for CpuPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuPin").finish_non_exhaustive()
    }
}

impl<S: Symbol<T>, T> PerCpu<S, T> {
    /// The address of the copy of the CPU that `pin` stays on.
    #[inline(always)]
    pub(crate) fn pinned(pin: &CpuPin) -> usize {
        S::pinned(pin.register)
    }
}

impl<S: Symbol<T>, T: Sync> PerCpu<S, T> {
    /// This CPU's copy, shared, for as long as the context stays here.
    ///
    /// While the reference lives, neither `with_current`, `reset_to_init`, `write_current` nor
    /// another operation of scalars may change the variable, as they do it without synchronization
    /// (rule 16 of docs/safety.md): `T` is an atomic, a lock, or is not changed any more. Where nested
    /// borrows are looked for, a call inside of `with_current` panics.
    #[inline]
    #[track_caller]
    pub fn get<'pin>(&self, pin: &'pin CpuPin) -> &'pin T {
        if let Some((flag, name)) = S::flag() {
            // SAFETY: rules 3 and 13, the flag is in this CPU's area.
            unsafe { crate::borrow::assert_free(pin.address(flag), name) };
        }
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; rule 16, `T: Sync`.
        unsafe { &*Self::pointer(Self::pinned(pin)) }
    }
}

impl<S: Symbol<T>, T: Scalar> PerCpu<S, T> {
    /// This CPU's value, in one load.
    #[inline]
    #[track_caller]
    pub fn read(&self, pin: &CpuPin) -> T {
        Self::assert_reach();
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; `T` is the type of `S`.
        unsafe {
            if S::REGISTER_IS_OPERAND {
                S::load()
            } else {
                S::load_from(pin.register)
            }
        }
    }

    /// Stores this CPU's value, in one store.
    #[inline]
    #[track_caller]
    pub fn write(&self, pin: &CpuPin, value: T) {
        Self::assert_reach();
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; `T` is the type of `S`.
        unsafe {
            if S::REGISTER_IS_OPERAND {
                S::store(value);
            } else {
                S::store_to(pin.register, value);
            }
        }
    }
}
