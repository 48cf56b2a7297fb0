//! The feature `linux-gs`: `GS_BASE` is the per-CPU register of a process, by system calls of Linux.

/// Masks and restores a thread's signals, which are its interrupts.
pub(crate) mod interrupts {
    const SYS_RT_SIGPROCMASK: usize = 14;
    const SIG_SETMASK: usize = 2;

    /// Blocks all signals, and returns the previous mask.
    pub(crate) fn mask() -> usize {
        let mut state = 0_usize;
        set(&usize::MAX, (&raw mut state).expose_provenance());
        // SAFETY: rule 10, the call wrote it.
        unsafe { core::ptr::read_volatile(&raw const state) }
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] returned on this thread.
    pub(crate) unsafe fn restore(state: usize) {
        set(&state, 0);
    }

    fn set(signals: &usize, old: usize) {
        let signals = core::ptr::from_ref(signals).expose_provenance();
        // SAFETY: rule 10. The kernel reads and writes sets of 64 signals.
        let result =
            unsafe { super::system_call(SYS_RT_SIGPROCMASK, [SIG_SETMASK, signals, old, 8]) };
        assert!(
            result == 0,
            "the kernel refuses to block signals (rt_sigprocmask: error {})",
            -result
        );
    }
}

/// Reads and writes the register of a thread, by arch_prctl(2). A new thread inherits its parent's value.
#[cfg(not(feature = "sp-naive"))]
pub(super) mod gs_base {
    use core::ptr;

    const SYS_ARCH_PRCTL: usize = 158;
    const ARCH_SET_GS: usize = 0x1001;
    const ARCH_GET_GS: usize = 0x1004;

    /// Returns the result of the system call: 0, or a negated error number.
    #[inline]
    fn arch_prctl(code: usize, argument: usize) -> isize {
        // SAFETY: rule 10. `ARCH_GET_GS` writes a word at the argument. The other code writes no memory.
        unsafe { super::system_call(SYS_ARCH_PRCTL, [code, argument, 0, 0]) }
    }

    #[inline]
    #[track_caller]
    fn done(result: isize, what: &str) {
        assert!(
            result == 0,
            "the kernel refuses to {what} GS_BASE (arch_prctl: error {}); percpu-hv needs x86_64 \
             Linux without an emulation that leaves the call out",
            -result
        );
    }

    #[inline]
    pub(crate) fn register() -> Option<usize> {
        let mut value = 0_usize;
        let result = arch_prctl(ARCH_GET_GS, (&raw mut value).expose_provenance());
        done(result, "read");
        // SAFETY: rule 10, the call wrote it.
        Some(unsafe { ptr::read_volatile(&raw const value) })
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md.
    #[inline]
    pub(crate) unsafe fn set(value: usize) {
        done(arch_prctl(ARCH_SET_GS, value), "write");
    }
}

/// Makes a system call, and returns its result: 0 for the calls made here, or a negated error number.
///
/// # Safety
///
/// The caller may access the memory that the call accesses with these arguments.
#[inline]
unsafe fn system_call(number: usize, arguments: [usize; 4]) -> isize {
    let result: isize;
    let [first, second, third, fourth] = arguments;
    // SAFETY: rule 10. The kernel reads the number from rax and returns the result there. `syscall`
    // itself overwrites rcx and r11 (AMD64 APM vol. 3, "SYSCALL"), and the flags are restored. Not
    // `nomem`: a call may write memory.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack, preserves_flags)
        );
    }
    result
}
