//! A Linux process, for unit tests: threads run as CPUs.
//!
//! Register: a thread-local, so that each thread chooses which CPU it runs as. Each access checks the register: a
//! thread that is no CPU yet panics. The register is biased by the start of the section, a symbol that the linker
//! provides. So no linker script is needed, and position-independent executables work.

pub(crate) mod interrupts {
    use std::collections::BTreeMap;
    use std::marker::PhantomData;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
    use std::thread::{self, ThreadId};

    /// The thread that has the turn on a CPU, and how many of its turns are nested.
    struct Holder {
        thread: ThreadId,
        times: usize,
    }

    /// The holder of each CPU's turn, by the CPU's register.
    static RUNNING: Mutex<BTreeMap<usize, Holder>> = Mutex::new(BTreeMap::new());
    static CHANGED: Condvar = Condvar::new();

    fn running() -> MutexGuard<'static, BTreeMap<usize, Holder>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn on the CPU with this register. Waits until no other thread has one.
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

    /// Takes this CPU's turn until `restore`. Meanwhile no other thread that runs as this CPU can mask interrupts or
    /// borrow an exclusive variable. Calls nest, and may end in any order.
    pub(crate) fn mask() -> usize {
        let cpu = crate::arch::register_for_access();
        take(cpu);
        cpu
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] returned on this thread, and is restored once.
    pub(crate) unsafe fn restore(state: usize) {
        give(state);
    }

    /// A turn of this thread on a CPU.
    pub(crate) struct Turn {
        cpu: usize,
        // Not `Send`: the turn ends on the thread that took it.
        _here: PhantomData<*mut ()>,
    }

    impl Turn {
        /// Takes a turn on the CPU with this register.
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

/// The threads of a process see one memory, so there is nothing to maintain.
pub(crate) mod cache {
    pub(crate) const fn block_size() -> usize {
        64
    }

    /// # Safety
    ///
    /// Always safe; `unsafe` for the same signature as on bare metal.
    pub(crate) const unsafe fn flush(_address: usize) {}

    pub(crate) const fn barrier() {}
}

/// Accesses to 128 bits, as on AArch64. A lock makes them atomic.
pub(crate) mod wide {
    use std::ptr;
    use std::sync::{Mutex, PoisonError};

    static ONE_BY_ONE: Mutex<()> = Mutex::new(());

    /// # Safety
    ///
    /// There is an aligned `u128` at `address`, which only these functions access.
    pub(crate) unsafe fn load(address: usize) -> u128 {
        // SAFETY: as this function.
        unsafe { replace(address, |value| value) }
    }

    /// # Safety
    ///
    /// As [`load`].
    pub(crate) unsafe fn swap(address: usize, value: u128) -> u128 {
        // SAFETY: as this function.
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
        // SAFETY: as this function.
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
        // SAFETY: rules 3 and 5: the lock is held. The rest is the caller's.
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

    use crate::error::InitError;

    std::thread_local! {
        static REGISTER: Cell<Option<usize>> = const { Cell::new(None) };
    }

    pub(crate) use register_for_access as register_for_pin;

    pub(crate) const HOT_REACH: Option<usize> = None;

    /// Returns `None` until this thread is a CPU.
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
            "this thread is no CPU yet; run what uses a per-CPU variable by `percpu_hv::as_cpu(cpu, ..)`, or call \
             `percpu_hv::init_percpu_reg(cpu_id)` on the thread before"
        )
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    pub(crate) unsafe fn set_register(value: usize) {
        REGISTER.set(Some(value));
    }

    /// Writes the register, or makes this thread no CPU. Returns the value before.
    ///
    /// # Safety
    ///
    /// As [`set_register`].
    pub(crate) unsafe fn replace_register(value: Option<usize>) -> Option<usize> {
        REGISTER.replace(value)
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

/// Refuses access in assembly: the register is a thread-local.
#[doc(hidden)]
#[macro_export]
macro_rules! __this_cpu {
    ($($access:tt)*) => {
        $crate::__core::compile_error!(
            "a process has no per-CPU register that assembly can name; compile this code for bare metal only, \
             by `#[cfg(target_os = \"none\")]`"
        )
    };
}
