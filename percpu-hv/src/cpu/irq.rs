//! Local interrupts off: nothing else runs on this CPU.

use core::fmt;
use core::ops::Deref;
use core::sync::atomic::{Ordering, compiler_fence};

use super::pin::CpuPin;
use crate::arch::{Access, interrupts};
use crate::area::header::{Before, Depth};

/// This CPU's maskable interrupts are off while the guard lives, and this context stays on the CPU.
///
/// A [`scoped`](Self::scoped) one is for the length of a call. The last other guard on a CPU restores
/// the state that the first found. Non-maskable interrupts,
/// machine checks and synchronous exceptions still come: their handlers keep off what
/// [`get_local`](crate::PerCpu::get_local) gives. A context that gives the CPU away (a voluntary switch)
/// holds no guard.
///
/// | | masked by |
/// |---|---|
/// | AArch64 | `DAIF.I` and `DAIF.F` |
/// | 32-bit Arm | `CPSR.I` and `CPSR.F` |
/// | x86_64 | `RFLAGS.IF` |
/// | RISC-V | `sstatus.SIE` |
/// | LoongArch64 | `CSR.CRMD.IE` |
/// | a process | a lock for each CPU: other threads that run as this CPU wait for it |
///
/// It derefs to [`CpuPin`].
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
    /// The state to restore, if no other guard has a part in it.
    alone: Option<usize>,
}

impl IrqOff {
    /// Masks the interrupts of the CPU that runs this, which has called
    /// [`init_percpu_reg`](crate::init_percpu_reg).
    #[inline]
    #[track_caller]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        // First the CPU on which to mask.
        let pin = CpuPin::new();
        let before = interrupts::mask();
        // In a process the lock counts by itself.
        if cfg!(hosted) {
            return Self {
                pin,
                alone: Some(before),
            };
        }
        // Guards may be dropped in any order, and only the last one restores the state, so they are counted.
        // The depth first: a guard of a non-maskable handler is then an inner one, and leaves the state alone.
        // SAFETY: rules 2 and 13, the context stays on this CPU; both fields are a `usize`.
        unsafe {
            let depth: usize = Depth::load_pinned(pin.register());
            Depth::store_pinned(pin.register(), depth + 1);
            compiler_fence(Ordering::SeqCst);
            if depth == 0 {
                Before::store_pinned(pin.register(), before);
            }
        }
        Self { pin, alone: None }
    }

    /// Calls `f` with the interrupts of the CPU that runs this masked, and restores the state before.
    ///
    /// Shorter than [`new`](Self::new): calls nest by themselves, so nothing is counted. For that, no
    /// guard may enter `f` or leave it, which is why `f` and its result are `Send`. (A thread-local of
    /// the kernel's own would be a way around that, and holds no guard.)
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
        let pin = CpuPin::new();
        let alone = Some(interrupts::mask());
        f(&Self { pin, alone })
    }
}

impl Drop for IrqOff {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.alone {
            // SAFETY: rule 13, guards that were made since are gone.
            unsafe { interrupts::restore(before) };
            return;
        }
        // The state first: a guard of a non-maskable handler that finds depth 0 writes its own.
        let register = self.pin.register();
        // SAFETY: rules 2 and 13, the context stays on this CPU; both fields are a `usize`. The last guard on this
        // CPU restores: no reference that needs it lives.
        unsafe {
            let before: usize = Before::load_pinned(register);
            compiler_fence(Ordering::SeqCst);
            let depth = Depth::load_pinned::<usize>(register) - 1;
            Depth::store_pinned(register, depth);
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
