//! The building blocks of an architecture: its mode, the functions that read and write registers, and the macros that
//! its texts are made of.
#![allow(
    unused_macros,
    reason = "some architectures define the functions by themselves, and `sp-naive` has fewer"
)]

/// How accesses reach a copy.
#[cfg(not(feature = "sp-naive"))]
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "a build uses only some of them")]
pub(crate) enum Mode {
    /// The register holds the base. The displacement is the low bits of the symbol's address. They are the offset if
    /// the template starts at a multiple of `reach` bytes and is no longer than that. A hot variable's offset below
    /// `hot` can be an immediate of the access.
    Plain { reach: usize, hot: Option<usize> },
    /// The register is biased. The displacement is the symbol's address, sign-extended from 32 bits. If the template is
    /// at 0, a hot variable's address below `hot` can be an immediate of the access.
    Biased { hot: Option<usize> },
    /// The register is biased. The displacement is the symbol's address, computed relative to the code. The linker
    /// checks the range.
    Relative,
    /// The register holds the base. The displacement is the distance of the symbol from the template's start. If that is
    /// a multiple of a page, a hot variable's offset is the low bits of its address, and below `hot` an immediate of the
    /// access.
    Paged { hot: Option<usize> },
}

/// Evaluates to the value of a register, from the instruction that reads it to `{to}`.
macro_rules! read {
    ($read:expr) => {{
        let to: usize;
        // SAFETY: rule 10, a read has no effect. Not `pure`: the value changes, and differs between CPUs.
        unsafe { core::arch::asm!($read, to = out(reg) to, options(nomem, nostack, preserves_flags)) };
        to
    }};
}

/// Defines the functions of the per-CPU register, from the instructions that read it to `{to}`, write `{value}` to it
/// and, where one names it, add it to `{distance}`.
macro_rules! register {
    (read = $read:expr, write = $write:expr, add = $add:expr) => {
        register! { read = $read, write = $write }

        /// Returns the sum of the per-CPU register and a distance.
        #[inline(always)]
        pub(crate) fn register_plus(distance: usize) -> usize {
            let to: usize;
            // SAFETY: rule 10, an addition. Not `pure`: the register changes when the context moves.
            unsafe {
                core::arch::asm!(
                    $add,
                    to = out(reg) to,
                    distance = in(reg) distance,
                    options(nomem, nostack, preserves_flags)
                );
            }
            to
        }
    };
    (read = $read:expr, write = $write:expr) => {
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
            // SAFETY: rule 10. `pure`: an unused read is dropped, and a sum with an offset leaves loops. Not `nomem`:
            // the read stays between the calls around it, any of which may move the context to another CPU.
            unsafe { core::arch::asm!($read, to = out(reg) to, options(pure, readonly, nostack, preserves_flags)) };
            to
        }

        /// # Safety
        ///
        /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
        pub(crate) unsafe fn set_register(value: usize) {
            // SAFETY: rule 10; compiled code does not use the register. Not `nomem`: later accesses go to another
            // area.
            unsafe { core::arch::asm!($write, value = in(reg) value, options(nostack, preserves_flags)) };
        }
    };
}

/// Defines the functions of the interrupt mask. The text `mask` reads the previous state to `{to}` and then masks
/// interrupts. The text `restore` restores the state `{value}`, which consists of the `bits` of what `mask` read.
macro_rules! interrupts {
    (mask = $mask:literal, restore = $restore:literal, bits = $bits:expr) => {
        #[inline(always)]
        pub(crate) fn mask() -> usize {
            let to: usize;
            // SAFETY: rule 10. Not `nomem`: no access may move out of the masked section.
            unsafe { core::arch::asm!($mask, to = out(reg) to, options(nostack, preserves_flags)) };
            to & $bits
        }

        /// # Safety
        ///
        /// `state` is what [`mask`] returned on this CPU.
        #[inline(always)]
        pub(crate) unsafe fn restore(state: usize) {
            // SAFETY: rule 10. Not `nomem`: no access may move out of the masked section.
            unsafe { core::arch::asm!($restore, value = in(reg) state, options(nostack, preserves_flags)) };
        }
    };
}

/// Defines the functions of data caches. The text `flush` cleans and invalidates the block at `{address}`. The text
/// `barrier` orders that after all accesses before it, and completes it before all accesses after it.
#[cfg(data_cache)]
macro_rules! cache {
    (flush = $flush:literal, barrier = $barrier:literal) => {
        /// # Safety
        ///
        /// The address is mapped, and this CPU has the instruction.
        #[inline(always)]
        pub(crate) unsafe fn flush(address: usize) {
            // SAFETY: rule 10, a core with caches on sees no change. Not `nomem`: it flushes what was stored before.
            unsafe { core::arch::asm!($flush, address = in(reg) address, options(nostack, preserves_flags)) };
        }

        #[inline(always)]
        pub(crate) fn barrier() {
            // SAFETY: rule 10, a barrier has no other effect. Not `nomem`: no access may move over it.
            unsafe { core::arch::asm!($barrier, options(nostack, preserves_flags)) };
        }
    };
}

/// Defines both checks of the per-CPU register to do nothing, where it never traps and no other software owns it.
macro_rules! always_accessible {
    () => {
        pub(crate) const fn assert_register_accessible() {}

        pub(crate) use assert_register_accessible as assert_register_is_own;
    };
}

/// Joins the lines of a text. A line is a list of literals, of registers in parentheses, and of other texts in braces.
#[doc(hidden)]
#[macro_export]
macro_rules! __lines {
    ($([$($part:tt)+])+) => {
        $crate::__core::concat!($($($crate::__part!($part),)+ "\n"),+)
    };
}

/// Expands to one part of a line.
#[doc(hidden)]
#[macro_export]
macro_rules! __part {
    (($($register:tt)+)) => {
        $crate::__register!($($register)+)
    };
    ({$text:expr}) => {
        $text
    };
    ($text:expr) => {
        $text
    };
}

/// Expands to the name of a register, or of a view of it. `{name}` is an operand of `asm!`, whose views are the template
/// modifiers; any other name is one of `general_registers!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ({$name:tt}) => {
        $crate::__core::concat!("{", $crate::__core::stringify!($name), "}")
    };
    ($view:ident {$name:tt}) => {
        $crate::__core::concat!("{", $crate::__core::stringify!($name), ":", $crate::__core::stringify!($view), "}")
    };
    ($name:ident) => {
        $crate::__general!(name $name or "")
    };
    ($view:ident $name:ident) => {
        $crate::__general!($view $name or "")
    };
    // `__check_register!` has the error.
    ($($refused:tt)+) => {
        ""
    };
}

/// Expands to the name of a whole register in assembly: a narrower operand of `asm!` without its modifier is a warning.
#[doc(hidden)]
#[macro_export]
macro_rules! __whole {
    ({$name:tt}) => {
        $crate::__core::concat!(
            "{",
            $crate::__core::stringify!($name),
            $crate::__general!(whole),
            "}"
        )
    };
    ($name:tt) => {
        $crate::__register!($name)
    };
}

/// Expands to nothing, or to an error if an access in assembly cannot use a register of this name.
#[doc(hidden)]
#[macro_export]
macro_rules! __check_register {
    ({$name:tt}) => {
        ""
    };
    ($name:ident) => {
        $crate::__general!(
            check $name or $crate::__core::compile_error!($crate::__core::concat!(
                "`", $crate::__core::stringify!($name),
                "` is no register that a per-CPU access can use; the guide's page on assembly lists those that are"
            ))
        )
    };
    ($other:tt) => {
        $crate::__core::compile_error!($crate::__core::concat!(
            "`", $crate::__core::stringify!($other), "` is no register; write its name, as in `adr_this_cpu!(x0, VARIABLE, ..)`, or \
             an operand of `asm!` in braces, as in `{to}`"
        ))
    };
}

/// Expands to the name of the template's start, for a text that counts from there.
#[cfg(paged)]
#[doc(hidden)]
#[macro_export]
macro_rules! __template_start {
    () => {
        "_percpu_load_start"
    };
}

/// Defines the symbol by which `check_template` learns that some access has a hot variable's address as an immediate.
#[doc(hidden)]
#[macro_export]
macro_rules! __mark_hot {
    () => {
        ".weak __percpu_hv_has_hot\n.set __percpu_hv_has_hot, 1\n"
    };
}

/// Defines the registers that an access in assembly can use, with their views: `__general!` expands to a name, or to
/// another expression if there is no such register. `$` gives that macro its parameters, and `prefix` precedes names,
/// and a view has its name in full. `whole` is the template modifier of a whole register. `access` selects the registers
/// that `__this_cpu!` takes, by a name of `__with_registers!` in assembly.rs.
macro_rules! general_registers {
    ($d:tt access $access:ident prefix $prefix:literal whole $whole:literal $($name:ident $({ $($view:ident $text:literal)* })?)*) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __general {
            (whole) => { $whole };
            $(
                (name $name or $d other:expr) => { $crate::__core::concat!($prefix, $crate::__core::stringify!($name)) };
                (check $name or $d other:expr) => { "" };
                $($(($view $name or $d other:expr) => { $text };)*)?
            )*
            ($d view:ident $d name:ident or $d other:expr) => { $d other };
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __this_cpu {
            ([$d($d with_registers:tt)*] $d($d operand:tt)*) => { $d($d with_registers)*!($access $d($d operand)*) };
        }
    };
}
