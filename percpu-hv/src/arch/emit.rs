//! What an architecture is made from: facts, and methods of registers, written once over their instructions.
#![allow(
    unused_macros,
    reason = "some need more than this, and `sp-naive` less"
)]

/// How accesses reach a copy.
#[cfg(not(feature = "sp-naive"))]
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "an architecture has one, or `Relative`")]
pub(crate) enum Mode {
    /// The register holds the base. The displacement is the low bits of an address, which are the offset if the
    /// template starts at a multiple of `reach` bytes and has no more. Offsets below `hot` may be part of an access.
    Plain { reach: usize, hot: Option<usize> },
    /// The register is biased. The displacement is the address, which has 32 signed bits. In a template at 0,
    /// addresses below `hot` may be part of an access.
    Biased { hot: Option<usize> },
    /// The register is biased. The displacement is the address relative to the code, which the linker checks.
    Relative,
}

/// What an instruction reads from a register of the system to `{to}`.
macro_rules! read {
    ($read:literal) => {{
        let to: usize;
        // SAFETY: rule 10, a read has no effect. Not `pure`: the value is another one on another CPU, and changes.
        unsafe { core::arch::asm!($read, to = out(reg) to, options(nomem, nostack, preserves_flags)) };
        to
    }};
}

/// The per-CPU register, by the instructions that read it to `{to}` and write `{value}`.
macro_rules! register {
    (read = $read:literal, write = $write:literal) => {
        pub(crate) const REGISTER_IS_IN_AREA: bool = false;

        pub(crate) fn register() -> Option<usize> {
            Some(register_for_access())
        }

        #[inline(always)]
        pub(crate) fn register_for_access() -> usize {
            read!($read)
        }

        #[inline(always)]
        pub(crate) fn register_for_pin() -> usize {
            let to: usize;
            // SAFETY: rule 10. `pure`: it is only read if it is used, and offsets after it leave a loop. Not
            // `nomem`: it stays between the calls around it, any of which may move the context.
            unsafe { core::arch::asm!($read, to = out(reg) to, options(pure, readonly, nostack, preserves_flags)) };
            to
        }

        /// # Safety
        ///
        /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
        pub(crate) unsafe fn set_register(value: usize) {
            // SAFETY: rule 10; compiled code does not use the register. Not `nomem`: what comes after goes to
            // another area.
            unsafe { core::arch::asm!($write, value = in(reg) value, options(nostack, preserves_flags)) };
        }
    };
}

/// The mask of interrupts, by the instructions that set it after they read the state before to `{to}`, and that
/// restore the state `{value}`: some bits of what was read.
macro_rules! interrupts {
    (mask = $mask:literal, restore = $restore:literal, bits = $bits:expr) => {
        #[inline(always)]
        pub(crate) fn mask() -> usize {
            let to: usize;
            // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
            unsafe { core::arch::asm!($mask, to = out(reg) to, options(nostack, preserves_flags)) };
            to & $bits
        }

        /// # Safety
        ///
        /// `state` is what [`mask`] gave on this CPU.
        #[inline(always)]
        pub(crate) unsafe fn restore(state: usize) {
            // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
            unsafe { core::arch::asm!($restore, value = in(reg) state, options(nostack, preserves_flags)) };
        }
    };
}

/// Nothing keeps this CPU from its register, which is no other software's.
macro_rules! always_accessible {
    () => {
        pub(crate) const fn assert_register_accessible() {}

        pub(crate) use assert_register_accessible as assert_register_is_own;
    };
}

/// The lines of a text, each from literals.
#[doc(hidden)]
#[macro_export]
macro_rules! __lines {
    ($($($part:literal)+);+) => {
        ::core::concat!($($($part,)+ "\n"),+)
    };
}

/// Tells `check_template` that an access has the offset of a hot variable as an immediate.
#[doc(hidden)]
#[macro_export]
macro_rules! __mark_hot {
    () => {
        ".weak __percpu_hv_has_hot\n.set __percpu_hv_has_hot, 1\n"
    };
}
