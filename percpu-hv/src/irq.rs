//! Local interrupts off: nothing else runs on this CPU.

use core::cell::{BorrowError, BorrowMutError, Ref, RefCell, RefMut};
use core::fmt;
use core::ops::Deref;

use crate::arch::interrupts;
use crate::variable::{PerCpu, Symbol};
use crate::{CpuPin, def_percpu};

/// How many guards live on this CPU, and the state before the first: guards may be dropped in any
/// order, and only the last one takes the state back.
#[def_percpu(crate = crate::variable::own)]
static DEPTH: usize = 0;
#[def_percpu(crate = crate::variable::own)]
static BEFORE: usize = 0;

/// This CPU's maskable interrupts are off while the guard lives, and this context stays on the CPU.
///
/// A [`scoped`](Self::scoped) one is for the length of a call. The last other guard on a CPU takes
/// back the state that the first found. Non-maskable interrupts,
/// machine checks and synchronous exceptions still come: their handlers keep off what
/// [`get_local`](PerCpu::get_local) gives. A context that gives the CPU away (a voluntary switch)
/// holds no guard.
///
/// | | masked by |
/// |---|---|
/// | AArch64 | `DAIF.I` and `DAIF.F` |
/// | 32-bit Arm | `CPSR.I` and `CPSR.F` |
/// | x86_64 | `RFLAGS.IF` |
/// | RISC-V | `sstatus.SIE` |
/// | LoongArch64 | `CSR.CRMD.IE` |
/// | a process | a lock for each CPU: other threads that play this CPU wait when they mask |
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
    /// The state to take back, if no other guard has a part in it.
    alone: Option<usize>,
}

impl IrqOff {
    /// Masks the interrupts of the CPU that runs this, which has called
    /// [`init_percpu_reg`](crate::init_percpu_reg).
    #[inline]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let before = interrupts::mask();
        let pin = CpuPin::new();
        let depth = DEPTH.read(&pin);
        if depth == 0 {
            BEFORE.write(&pin, before);
        }
        DEPTH.write(&pin, depth + 1);
        Self { pin, alone: None }
    }

    /// Calls `f` with the interrupts of the CPU that runs this masked, and takes back the state before.
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
    pub fn scoped<F, R>(f: F) -> R
    where
        F: FnOnce(&Self) -> R + Send,
        R: Send,
    {
        // A thread-local of a process may hold a guard and be reached from `f`.
        if cfg!(hosted) {
            return f(&Self::new());
        }
        let before = interrupts::mask();
        f(&Self {
            pin: CpuPin::new(),
            alone: Some(before),
        })
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
        let depth = DEPTH.read(&self.pin) - 1;
        DEPTH.write(&self.pin, depth);
        if depth == 0 {
            // SAFETY: rule 13, the last guard on this CPU: no reference that needs it lives.
            unsafe { interrupts::restore(BEFORE.read(&self.pin)) };
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

impl<S: Symbol<T>, T: Send> PerCpu<S, T> {
    /// This CPU's copy, shared, for as long as interrupts are off: also where `T` is not `Sync`, as
    /// `Cell` and `RefCell`, since nothing else runs on this CPU.
    ///
    /// What [`get`](Self::get) says of `with_current` and the others holds here too.
    #[inline]
    #[track_caller]
    pub fn get_local<'irq>(&self, irq: &'irq IrqOff) -> &'irq T {
        if let Some((flag, name)) = S::flag() {
            // SAFETY: rules 3 and 13, the flag is in this CPU's area.
            unsafe { crate::borrow::assert_free(irq.pin.address(flag), name) };
        }
        // SAFETY: rules 2, 3 and 13, the context stays on this CPU; rule 16, nothing else runs on it;
        // rule 7, `T: Send`.
        unsafe { &*Self::pointer(Self::pinned(&irq.pin)) }
    }
}

/// A value that is borrowed while interrupts are off, and tells a second borrow: the checked
/// alternative to `with_current`.
impl<S: Symbol<RefCell<T>>, T: Send> PerCpu<S, RefCell<T>> {
    /// Borrows this CPU's value.
    ///
    /// # Panics
    ///
    /// If it is mutably borrowed.
    #[inline]
    #[track_caller]
    pub fn borrow<'irq>(&self, irq: &'irq IrqOff) -> Ref<'irq, T> {
        self.get_local(irq).borrow()
    }

    /// Mutably borrows this CPU's value.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[inline]
    #[track_caller]
    pub fn borrow_mut<'irq>(&self, irq: &'irq IrqOff) -> RefMut<'irq, T> {
        self.get_local(irq).borrow_mut()
    }

    /// Borrows this CPU's value.
    ///
    /// # Errors
    ///
    /// If it is mutably borrowed.
    #[inline]
    pub fn try_borrow<'irq>(&self, irq: &'irq IrqOff) -> Result<Ref<'irq, T>, BorrowError> {
        self.get_local(irq).try_borrow()
    }

    /// Mutably borrows this CPU's value.
    ///
    /// # Errors
    ///
    /// If it is borrowed.
    #[inline]
    pub fn try_borrow_mut<'irq>(
        &self,
        irq: &'irq IrqOff,
    ) -> Result<RefMut<'irq, T>, BorrowMutError> {
        self.get_local(irq).try_borrow_mut()
    }
}
