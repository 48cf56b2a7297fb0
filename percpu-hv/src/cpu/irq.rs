//! `IrqOff` masks this CPU's maskable interrupts and keeps the context on it.

use core::fmt;
use core::ops::Deref;
use core::sync::atomic::{Ordering, compiler_fence};

use super::pin::CpuPin;
use crate::arch::{Access, interrupts};
use crate::area::header::{IrqDepth, SavedIrqState};

/// A guard that masks this CPU's maskable interrupts and keeps the context on the CPU.
///
/// Guards made by [`new`](Self::new) nest and may be dropped in any order: the last one on a CPU restores the
/// interrupt state that the first one found. The guard of [`scoped`](Self::scoped) lasts for one call.
///
/// Non-maskable interrupts, machine checks and synchronous exceptions are still taken: their handlers must
/// not access what [`get_local`](crate::PerCpu::get_local) returns. A context that gives up the CPU (a
/// voluntary switch) must not hold a guard.
///
/// | | masked by |
/// |---|---|
/// | AArch64 | `DAIF.I` and `DAIF.F` |
/// | 32-bit Arm | `CPSR.I` and `CPSR.F` |
/// | x86_64 | `RFLAGS.IF` |
/// | RISC-V | `sstatus.SIE` |
/// | LoongArch64 | `CSR.CRMD.IE` |
/// | a process | a lock for each CPU: other threads that run as this CPU wait |
///
/// It dereferences to [`CpuPin`], so it is accepted wherever a pin is.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::cell::Cell;
/// use percpu_hv::{IrqOff, def_percpu};
///
/// #[def_percpu]
/// static PENDING: Cell<u64> = Cell::new(0);
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// let irq = IrqOff::new();
/// let pending = PENDING.get_local(&irq);
/// pending.set(pending.get() | 1 << 3);
/// # }
/// ```
pub struct IrqOff {
    pin: CpuPin,
    /// The state that this guard restores; `None` for a counted guard, whose state is in the area.
    restores: Option<usize>,
}

impl IrqOff {
    /// Masks the interrupts of the current CPU, which must have called
    /// [`init_percpu_reg`](crate::init_percpu_reg).
    #[inline]
    #[track_caller]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        // Pin first: this fixes the CPU whose interrupts are masked.
        let pin = CpuPin::new();
        let before = interrupts::mask();
        // In a process the lock itself counts how often it is held.
        if cfg!(hosted) {
            return Self {
                pin,
                restores: Some(before),
            };
        }
        // Guards may be dropped in any order, and only the last one restores the state, so they are counted.
        // Store the depth first: a guard of a non-maskable handler then counts as an inner one, and leaves
        // the state alone.
        // SAFETY: rules 2 and 13, the context stays on this CPU; both fields are a `usize`.
        unsafe {
            let depth: usize = IrqDepth.load_pinned(pin.register());
            IrqDepth.store_pinned(pin.register(), depth + 1);
            compiler_fence(Ordering::SeqCst);
            if depth == 0 {
                SavedIrqState.store_pinned(pin.register(), before);
            }
        }
        Self {
            pin,
            restores: None,
        }
    }

    /// Calls `f` with the interrupts of the current CPU masked, then restores the previous interrupt state.
    ///
    /// Shorter than [`new`](Self::new): calls nest by construction, so nothing is counted. For this, no guard
    /// may enter or leave `f`, which is why `f` and its result must be `Send`. (A thread-local of the kernel
    /// could carry a guard around this bound; it must not hold one.)
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use core::cell::Cell;
    /// use percpu_hv::{IrqOff, def_percpu};
    ///
    /// #[def_percpu]
    /// static PENDING: Cell<u64> = Cell::new(8);
    ///
    /// percpu_hv::init_hosted(4).unwrap();
    /// percpu_hv::init_percpu_reg(0);
    /// let pending = IrqOff::scoped(|irq| PENDING.get_local(irq).take());
    /// assert_eq!(pending, 8);
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn scoped<F, R>(f: F) -> R
    where
        F: FnOnce(&Self) -> R + Send,
        R: Send,
    {
        f(&Self::for_call())
    }

    /// Returns the guard of [`scoped`](Self::scoped). It ends before all guards that were made earlier, and after all that
    /// are made later.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn for_call() -> Self {
        let pin = CpuPin::new();
        let restores = Some(interrupts::mask());
        Self { pin, restores }
    }
}

impl Drop for IrqOff {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.restores {
            // SAFETY: rule 13, all guards made since have been dropped.
            unsafe { interrupts::restore(before) };
            return;
        }
        // Load the state first: once the depth is 0, a guard of a non-maskable handler stores its own.
        let register = self.pin.register();
        // SAFETY: rules 2 and 13, the context stays on this CPU; both fields are a `usize`. Only the last
        // guard on this CPU restores the state, so no reference that depends on it is live.
        unsafe {
            let before: usize = SavedIrqState.load_pinned(register);
            compiler_fence(Ordering::SeqCst);
            let depth = IrqDepth.load_pinned::<usize>(register) - 1;
            IrqDepth.store_pinned(register, depth);
            if depth == 0 {
                interrupts::restore(before);
            }
        }
    }
}

impl Deref for IrqOff {
    type Target = CpuPin;

    #[inline]
    fn deref(&self) -> &CpuPin {
        &self.pin
    }
}

impl fmt::Debug for IrqOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IrqOff").finish_non_exhaustive()
    }
}
