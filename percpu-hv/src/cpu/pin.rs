//! `CpuPin` keeps a context on its CPU, and reads the register once for many accesses.

use core::fmt;
use core::marker::PhantomData;

use super::preempt::NoPreemptGuard;
use super::register::assert_register;
use crate::arch;

/// A guard that keeps this context on its CPU.
///
/// With the feature `preempt` or `preempt-hook`, it disables preemption. Without them the kernel is not
/// preemptible, and a context stays on its CPU until it gives up the CPU: the guard only marks that section.
/// It holds the value of the per-CPU register, so that many accesses read the register once.
///
/// Interrupt handlers still run; [`IrqOff`](crate::IrqOff) masks them.
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
    // Neither `Send` nor `Sync`: the register's value is valid on this CPU only.
    _here: PhantomData<*mut ()>,
}

impl CpuPin {
    /// Pins the context to the current CPU.
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
    /// Returns the value of this CPU's per-CPU register.
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
