//! Staying on a CPU: the register is read once for many accesses.

use core::fmt;
use core::marker::PhantomData;

use super::preempt::NoPreemptGuard;
use super::register::assert_register;
use crate::arch;

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
    #[track_caller]
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
    /// What the per-CPU register of this CPU holds.
    #[inline(always)]
    pub(crate) fn register(&self) -> usize {
        self.register
    }
}

impl fmt::Debug for CpuPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuPin").finish_non_exhaustive()
    }
}
