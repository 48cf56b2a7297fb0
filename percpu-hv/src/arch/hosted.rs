//! A Linux process, for unit tests: threads run as CPUs.
//!
//! Register: a thread-local, so that every thread is a CPU of its own choice. It is checked on
//! each access: a thread that is no CPU yet panics instead of writing somewhere. It is biased by
//! the start of the section, which the linker provides; no linker script is needed, and a
//! position-independent executable is as good as any.

pub(crate) mod interrupts {
    use std::collections::BTreeMap;
    use std::marker::PhantomData;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
    use std::thread::{self, ThreadId};

    /// The thread whose turn it is on a CPU, and how often it took it.
    struct Holder {
        thread: ThreadId,
        times: usize,
    }

    /// Who runs uninterrupted on a CPU, by the CPU's register.
    static RUNNING: Mutex<BTreeMap<usize, Holder>> = Mutex::new(BTreeMap::new());
    static CHANGED: Condvar = Condvar::new();

    fn running() -> MutexGuard<'static, BTreeMap<usize, Holder>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other thread has a turn on the CPU of this register.
    fn take(cpu: usize) {
        let own = thread::current().id();
        let mut running = running();
        loop {
            let holder = running.entry(cpu).or_insert(Holder {
                thread: own,
                times: 0,
            });
            if holder.thread == own {
                holder.times += 1;
                return;
            }
            running = CHANGED
                .wait(running)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give(cpu: usize) {
        let mut running = running();
        if let Some(holder) = running.get_mut(&cpu) {
            holder.times -= 1;
            if holder.times == 0 {
                running.remove(&cpu);
                CHANGED.notify_all();
            }
        }
    }

    /// Keeps the other threads that run as this CPU from masking interrupts and from borrowing exclusive
    /// variables, until `restore`; calls nest, and end in any order.
    pub(crate) fn mask() -> usize {
        let cpu = crate::arch::register_for_access();
        take(cpu);
        cpu
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this thread, and is restored once.
    pub(crate) unsafe fn restore(state: usize) {
        give(state);
    }

    /// A turn of this thread on a CPU.
    pub(crate) struct Turn {
        cpu: usize,
        // It ends on the thread that took it.
        _here: PhantomData<*mut ()>,
    }

    impl Turn {
        /// On the CPU of this register.
        pub(crate) fn new(register: usize) -> Self {
            take(register);
            Self {
                cpu: register,
                _here: PhantomData,
            }
        }
    }

    impl Drop for Turn {
        fn drop(&mut self) {
            give(self.cpu);
        }
    }
}

/// 128 bits at once, as on AArch64: one at a time.
pub(crate) mod wide {
    use std::ptr;
    use std::sync::{Mutex, PoisonError};

    static ONE_BY_ONE: Mutex<()> = Mutex::new(());

    /// # Safety
    ///
    /// There is an aligned `u128` at `address` that is only accessed by these functions.
    pub(crate) unsafe fn load(address: usize) -> u128 {
        // SAFETY: as here.
        unsafe { replace(address, |value| value) }
    }

    /// # Safety
    ///
    /// As [`load`].
    pub(crate) unsafe fn swap(address: usize, value: u128) -> u128 {
        // SAFETY: as here.
        unsafe { replace(address, |_| value) }
    }

    /// # Safety
    ///
    /// As [`load`].
    pub(crate) unsafe fn compare_exchange(
        address: usize,
        current: u128,
        new: u128,
    ) -> Result<u128, u128> {
        let exchange = |found| if found == current { new } else { found };
        // SAFETY: as here.
        let found = unsafe { replace(address, exchange) };
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }

    unsafe fn replace(address: usize, new: impl FnOnce(u128) -> u128) -> u128 {
        let _held = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = ptr::with_exposed_provenance_mut::<u128>(address);
        // SAFETY: rules 3 and 5: the lock is held, and the rest is the caller's.
        unsafe {
            let old = place.read();
            place.write(new(old));
            old
        }
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use core::cell::Cell;

    use crate::InitError;

    std::thread_local! {
        static REGISTER: Cell<Option<usize>> = const { Cell::new(None) };
    }

    pub(crate) use register_for_access as register_for_pin;

    pub(crate) const HOT_REACH: Option<usize> = None;

    /// None until this thread is a CPU.
    pub(crate) fn register() -> Option<usize> {
        REGISTER.get()
    }

    #[inline]
    pub(crate) fn register_for_access() -> usize {
        REGISTER.get().unwrap_or_else(|| refuse())
    }

    #[cold]
    #[inline(never)]
    fn refuse() -> ! {
        panic!(
            "this thread is no CPU yet; call `percpu_hv::init_percpu_reg(cpu_id)` on it before it uses \
             a per-CPU variable"
        )
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    pub(crate) unsafe fn set_register(value: usize) {
        REGISTER.set(Some(value));
    }

    pub(crate) const REGISTER_IS_IN_AREA: bool = false;

    pub(crate) const fn assert_register_accessible() {}

    pub(crate) use assert_register_accessible as assert_register_is_own;

    pub(crate) const BIASED: bool = true;

    pub(crate) const fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
        Ok(())
    }

    pub(crate) const fn memory_is_normal() -> bool {
        true
    }
}
