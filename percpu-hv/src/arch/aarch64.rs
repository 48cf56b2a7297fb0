//! AArch64: `TPIDR_EL2`, or `TPIDR_EL1` without the feature `arm-el2`.
//!
//! Register: the software thread ID register of the exception level (Arm ARM DDI 0487, "TPIDR_EL1"
//! and "TPIDR_EL2"). Hardware never uses it.
//!
//! EL1 and EL0 cannot access `TPIDR_EL2`, so the register survives every guest. At EL1 it is
//! UNDEFINED. `TPIDR_EL1` belongs to the software at EL1. A hypervisor that uses it must save it before
//! a guest runs, and restore it afterwards.
//!
//! Default mode: the register holds the base. The template starts at a multiple of 64 KiB, so the low
//! 16 bits of a symbol are its offset. The relocation does not check its range; percpu.x and init do.
//!
//! `non-zero-vma`: the register is biased. The template has any size, and any address within 4 GiB of
//! the code.
//!
//! ```text
//! movz x8, #:abs_g0_nc:__PERCPU_X         adrp x8, __PERCPU_X
//!                                         add  x8, x8, :lo12:__PERCPU_X
//! mrs  x9, TPIDR_EL2                      mrs  x9, TPIDR_EL2
//! ldr  x0, [x9, x8]                       ldr  x0, [x9, x8]
//! ```
//!
//! With a small template too the register holds the base, and the template starts at a page: `ldr x0, [x9,
//! :lo12:__PERCPU_X]` is all of it for a hot variable.
//!
//! Read-modify-writes without LSE are loops of `ldxr` and `stxr`. A loop sees what a handler stores to the
//! variable, because `eret` ends the reservation ("Context switch support"). A context switch without an
//! `eret` must run a `clrex`.

pub(crate) mod interrupts {
    // IRQ and FIQ, by their masks in `DAIF`.
    interrupts! { mask = "mrs {to}, DAIF\nmsr DAIFSet, #3", restore = "msr DAIF, {value}", bits = usize::MAX }
}

pub(crate) mod cache {
    // To the point of coherency ("About cache maintenance in AArch64 state").
    cache! { flush = "dc civac, {address}", barrier = "dsb sy" }

    /// `CTR_EL0.DminLine` is the logarithm of words.
    pub(crate) fn block_size() -> usize {
        4 << (read!("mrs {to}, CTR_EL0") >> 16 & 0b1111)
    }
}

/// Accesses to 128 bits, by exclusive pairs ("Load-Exclusive and Store-Exclusive"). A load too is one
/// access only if the exclusive store after it succeeds. The first register of a pair belongs to the lower
/// address, which on a big-endian CPU holds the high half.
pub(crate) mod wide {
    use core::arch::asm;
    use core::mem::transmute;

    /// Returns the halves in the order of their addresses.
    #[inline(always)]
    fn halves(value: u128) -> [u64; 2] {
        // SAFETY: rule 14, every bit pattern is two `u64`.
        unsafe { transmute::<u128, [u64; 2]>(value) }
    }

    /// Returns the value that has these halves in memory.
    #[inline(always)]
    fn whole(halves: [u64; 2]) -> u128 {
        // SAFETY: rule 14, every bit pattern is a `u128`.
        unsafe { transmute::<[u64; 2], u128>(halves) }
    }

    /// # Safety
    ///
    /// There is an aligned `u128` at `address` that may be read and written.
    #[inline]
    pub(crate) unsafe fn load(address: usize) -> u128 {
        // SAFETY: as this function; to store an equal value changes nothing.
        match unsafe { compare_exchange(address, 0, 0) } {
            Ok(value) | Err(value) => value,
        }
    }

    /// Runs a text that stores `new`, and evaluates to the value that it found.
    macro_rules! exclusively {
        ([$($text:literal),*] $address:ident, $new:expr, [$($option:ident)?] $($operand:ident = $value:expr),*) => {{
            let [new_first, new_second] = halves($new);
            let (first, second): (u64, u64);
            // SAFETY: rule 10, a loop until one exclusive store succeeds.
            unsafe {
                asm!(
                    $($text,)*
                    address = in(reg) $address,
                    new_first = in(reg) new_first,
                    new_second = in(reg) new_second,
                    first = out(reg) first,
                    second = out(reg) second,
                    failed = out(reg) _,
                    $($operand = in(reg) $value,)*
                    options(nostack $(, $option)?)
                );
            }
            whole([first, second])
        }};
    }

    /// # Safety
    ///
    /// As [`load`].
    #[inline]
    pub(crate) unsafe fn swap(address: usize, value: u128) -> u128 {
        exclusively!(
            [
                "2: ldxp {first}, {second}, [{address}]",
                "stxp {failed:w}, {new_first}, {new_second}, [{address}]",
                "cbnz {failed:w}, 2b"
            ]
            address, value, [preserves_flags]
        )
    }

    /// # Safety
    ///
    /// As [`load`].
    #[inline]
    pub(crate) unsafe fn compare_exchange(
        address: usize,
        current: u128,
        new: u128,
    ) -> Result<u128, u128> {
        let [first_then, second_then] = halves(current);
        let found = exclusively!(
            [
                "2: ldxp {first}, {second}, [{address}]",
                "cmp {first}, {first_then}",
                "ccmp {second}, {second_then}, #0, eq",
                "b.ne 3f",
                "stxp {failed:w}, {new_first}, {new_second}, [{address}]",
                "cbnz {failed:w}, 2b",
                "b 4f",
                "3: stxp {failed:w}, {first}, {second}, [{address}]",
                "cbnz {failed:w}, 2b",
                "4:"
            ]
            address, new, [] first_then = first_then, second_then = second_then
        );
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use aarch64_cpu::registers::{CurrentEL, MPIDR_EL1, SCTLR_EL1, SCTLR_EL2, SCTLR_EL3};
    use tock_registers::interfaces::Readable;

    use crate::arch::emit::Mode;

    pub(crate) const DEFAULT_MODE: Mode = Mode::Plain {
        reach: 1 << 16,
        hot: Some(1 << 12),
    };

    // Not the accessors of aarch64-cpu: their read clobbers the flags, and their write is `nomem`.
    register! {
        read = concat!("mrs {to}, ", crate::__thread_id!()),
        write = concat!("msr ", crate::__thread_id!(), ", {value}")
    }

    #[track_caller]
    pub(crate) fn assert_register_accessible() {
        #[cfg(feature = "arm-el2")]
        assert!(
            exception_level() >= 2,
            "percpu-hv is built for EL2 but runs at EL1, where TPIDR_EL2 is UNDEFINED; build the \
             whole image with `default-features = false` on percpu-hv, or boot it at EL2"
        );
    }

    #[track_caller]
    pub(crate) fn assert_register_is_own() {
        assert_register_accessible();
        #[cfg(not(feature = "arm-el2"))]
        assert!(
            exception_level() != 2,
            "percpu-hv is built for EL1 but runs at EL2, where a guest owns TPIDR_EL1; build the whole image \
             with the feature `arm-el2` of percpu-hv, which is on by default, or leave EL2 before init"
        );
    }

    /// Returns `MPIDR_EL1`.
    pub(crate) fn hardware_id() -> Option<usize> {
        Some(MPIDR_EL1.get() as usize)
    }

    /// Exclusives are only guaranteed on Normal cacheable memory ("Synchronization and semaphores"). Data is
    /// such memory once the MMU and the data cache of the current exception level are on.
    pub(crate) fn memory_is_normal() -> bool {
        // The register of another exception level would trap, or describe another MMU.
        match exception_level() {
            1 => SCTLR_EL1.matches_all(SCTLR_EL1::M::SET + SCTLR_EL1::C::SET),
            2 => SCTLR_EL2.matches_all(SCTLR_EL2::M::SET + SCTLR_EL2::C::SET),
            _ => SCTLR_EL3.matches_all(SCTLR_EL3::M::SET + SCTLR_EL3::C::SET),
        }
    }

    fn exception_level() -> u64 {
        CurrentEL.read(CurrentEL::EL)
    }

    /// A hot variable's offset is an immediate. For the others, an offset in a register takes as few instructions.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct_form {
        ([$($form:tt)*] hot $($place:tt)*) => { $($form)*! { register reg hot $($place)* } };
        ($($place:tt)*) => {};
    }
}

/// Expands to the name of the per-CPU register.
#[cfg(feature = "arm-el2")]
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_id {
    () => {
        "TPIDR_EL2"
    };
}

/// Expands to the name of the per-CPU register.
#[cfg(not(feature = "arm-el2"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_id {
    () => {
        "TPIDR_EL1"
    };
}

#[cfg(not(any(feature = "non-zero-vma", feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (register $to:tt) => {
        $crate::__lines! { ["mrs " (x $to) ", " {$crate::__thread_id!()}] }
    };
    // Each variable expands the next two, so they do not join parts.
    (displacement $group:ident {to} "{symbol}") => { "movz {to:x}, #:abs_g0_nc:{symbol}" };
    (address {to} "{symbol}") => {
        "movz {to:x}, #:abs_g3:{symbol}\nmovk {to:x}, #:abs_g2_nc:{symbol}\nmovk {to:x}, #:abs_g1_nc:{symbol}\n\
         movk {to:x}, #:abs_g0_nc:{symbol}"
    };
    (displacement $group:ident $to:tt $symbol:expr) => {
        $crate::__lines! { ["movz " (x $to) ", #:abs_g0_nc:" $symbol] }
    };
    // A kernel linked at a high address cannot reach a template at VMA 0 relative to the PC.
    (address $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["movz " (x $to) ", #:abs_g3:" $symbol]
            ["movk " (x $to) ", #:abs_g2_nc:" $symbol]
            ["movk " (x $to) ", #:abs_g1_nc:" $symbol]
            ["movk " (x $to) ", #:abs_g0_nc:" $symbol]
        }
    };
    (reach hot [$offset:tt $base:tt] $symbol:expr) => { "" };
    (reach $group:ident [$offset:tt $base:tt] $symbol:expr) => { $crate::__linked!(displacement any $offset $symbol) };
    // The low 12 bits of a hot variable's address are its offset.
    (copy hot $($copy:tt)*) => { $crate::__copy_in!(low $($copy)*) };
    (copy $group:ident $($copy:tt)*) => { $crate::__copy_in!(indexed $($copy)*) };
}

#[cfg(all(feature = "non-zero-vma", not(feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (register $to:tt) => {
        $crate::__lines! { ["mrs " (x $to) ", " {$crate::__thread_id!()}] }
    };
    (address $to:tt $symbol:expr) => {
        $crate::__lines! { ["adrp " (x $to) ", " $symbol] ["add " (x $to) ", " (x $to) ", :lo12:" $symbol] }
    };
    (slot $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["adrp " (x $to) ", :got:" $symbol]
            ["ldr " (x $to) ", [" (x $to) ", :got_lo12:" $symbol "]"]
        }
    };
    ($($copy:tt)*) => { $crate::__anywhere!($($copy)*) };
}

/// A register holds the address.
#[cfg(all(feature = "non-zero-vma", not(any(feature = "sp-naive", paged))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __anywhere {
    (reach $group:ident [$offset:tt $base:tt] $symbol:expr) => { $crate::__linked!(address $offset $symbol) };
    (copy $group:ident $($copy:tt)*) => { $crate::__copy_in!(indexed $($copy)*) };
}

/// The low 12 bits of a hot variable's address are its offset. For the others a register holds the distance from the
/// template's start, which is that of a page.
#[cfg(paged)]
#[doc(hidden)]
#[macro_export]
macro_rules! __anywhere {
    (distance $to:tt $scratch:tt $symbol:expr) => {
        $crate::__lines! {
            ["adrp " (x $to) ", " $symbol]
            ["adrp " (x $scratch) ", " {$crate::__template_start!()}]
            ["sub " (x $to) ", " (x $to) ", " (x $scratch)]
            ["add " (x $to) ", " (x $to) ", :lo12:" $symbol]
        }
    };
    (low $to:tt $symbol:expr) => {
        $crate::__lines! { ["mov " (x $to) ", xzr"] ["add " (x $to) ", " (x $to) ", :lo12:" $symbol] }
    };
    (reach hot [$offset:tt $base:tt] $symbol:expr) => { "" };
    (reach $group:ident [$offset:tt $base:tt] $symbol:expr) => { $crate::__anywhere!(distance $offset $base $symbol) };
    (copy hot $($copy:tt)*) => { $crate::__copy_in!(low $($copy)*) };
    (copy $group:ident $($copy:tt)*) => { $crate::__copy_in!(indexed $($copy)*) };
}

/// The one copy is the symbol.
#[cfg(feature = "sp-naive")]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (register $to:tt) => { "" };
    (reach $group:ident [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__lines! { ["adrp " (x $base) ", " $symbol] }
    };
    (copy $group:ident $($copy:tt)*) => { $crate::__copy_in!(low $($copy)*) };
}

/// A copy that was reached, as a memory operand or as the operands of an addition.
#[doc(hidden)]
#[macro_export]
macro_rules! __copy_in {
    (low [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__core::concat!($crate::__register!(x $base), ", :lo12:", $symbol)
    };
    (indexed [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__core::concat!($crate::__register!(x $base), ", ", $crate::__register!(x $offset))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    (reach $($copy:tt)*) => { $crate::__linked!(reach $($copy)*) };
    (register $to:tt) => { $crate::__linked!(register $to) };
    (address $group:ident $to:tt $($copy:tt)*) => {
        $crate::__lines! { ["add " (x $to) ", " {$crate::__linked!(copy $group $($copy)*)}] }
    };
    (load byte $($move:tt)*) => { $crate::__text!(move "ldrb" w $($move)*) };
    (load half $($move:tt)*) => { $crate::__text!(move "ldrh" w $($move)*) };
    (load word $($move:tt)*) => { $crate::__text!(move "ldr" w $($move)*) };
    (load unsigned $($move:tt)*) => { $crate::__text!(load word $($move)*) };
    (load double $($move:tt)*) => { $crate::__text!(move "ldr" x $($move)*) };
    (store byte $($move:tt)*) => { $crate::__text!(move "strb" w $($move)*) };
    (store half $($move:tt)*) => { $crate::__text!(move "strh" w $($move)*) };
    (store word $($move:tt)*) => { $crate::__text!(move "str" w $($move)*) };
    (store double $($move:tt)*) => { $crate::__text!(move "str" x $($move)*) };
    (move $mnemonic:literal $view:ident $group:ident $register:tt $($copy:tt)*) => {
        $crate::__lines! { [$mnemonic " " ($view $register) ", [" {$crate::__linked!(copy $group $($copy)*)} "]"] }
    };
    (add [$($by_parts:tt)*] $($add:tt)*) => { $($by_parts)*!($($add)*) };
    (increase $width:ident $value:tt $addend:literal) => {
        $crate::__lines! { ["add " (x $value) ", " (x $value) ", #" $addend] }
    };
}

// An access in assembly takes a register for the offset, and one for the value of the per-CPU register.
general_registers! {
    $ access offset_and_base prefix "" whole ":x"
    x0 { x "x0" w "w0" } x1 { x "x1" w "w1" } x2 { x "x2" w "w2" } x3 { x "x3" w "w3" } x4 { x "x4" w "w4" }
    x5 { x "x5" w "w5" } x6 { x "x6" w "w6" } x7 { x "x7" w "w7" } x8 { x "x8" w "w8" } x9 { x "x9" w "w9" }
    x10 { x "x10" w "w10" } x11 { x "x11" w "w11" } x12 { x "x12" w "w12" } x13 { x "x13" w "w13" } x14 { x "x14" w "w14" }
    x15 { x "x15" w "w15" } x16 { x "x16" w "w16" } x17 { x "x17" w "w17" } x18 { x "x18" w "w18" } x19 { x "x19" w "w19" }
    x20 { x "x20" w "w20" } x21 { x "x21" w "w21" } x22 { x "x22" w "w22" } x23 { x "x23" w "w23" } x24 { x "x24" w "w24" }
    x25 { x "x25" w "w25" } x26 { x "x26" w "w26" } x27 { x "x27" w "w27" } x28 { x "x28" w "w28" } x29 { x "x29" w "w29" }
    x30 { x "x30" w "w30" }
}
