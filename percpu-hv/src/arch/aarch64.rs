//! AArch64: `TPIDR_EL2`, or `TPIDR_EL1` without the feature `arm-el2`.
//!
//! Register: the software thread ID register of the exception level (Arm ARM DDI 0487, "TPIDR_EL1"
//! and "TPIDR_EL2"); hardware never uses it. `TPIDR_EL2` cannot be reached from EL1 or EL0, so
//! it survives every guest; it is UNDEFINED at EL1. `TPIDR_EL1` belongs to whatever runs at EL1:
//! a hypervisor that uses it must save it before and restore it after a guest.
//!
//! Default mode: the template starts at a multiple of 64 KiB, so the low 16 bits of a symbol are
//! its offset; the register holds the base. The relocation does not check its range: percpu.x
//! and init do.
//!
//! ```text
//! movz x8, #:abs_g0_nc:__PERCPU_X
//! mrs  x9, TPIDR_EL2
//! ldr  x0, [x9, x8]
//! ```
//!
//! `non-zero-vma`: any address within 4 GiB of the code, any size; the register is biased.
//!
//! ```text
//! adrp x8, __PERCPU_X
//! add  x8, x8, :lo12:__PERCPU_X
//! mrs  x9, TPIDR_EL2
//! ldr  x0, [x9, x8]
//! ```
//!
//! Read-modify-writes without LSE are loops of `ldxr` and `stxr`. What a handler stores to the variable they
//! see: `eret` ends the reservation ("Context switch support"). What switches contexts without one has a
//! `clrex`.

pub(crate) mod interrupts {
    use core::arch::asm;

    /// Masks IRQ and FIQ, and gives the masks that were (`DAIF`).
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        let state: usize;
        // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
        unsafe {
            asm!("mrs {}, DAIF", "msr DAIFSet, #3", out(reg) state, options(nostack, preserves_flags));
        }
        state
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
        unsafe { asm!("msr DAIF, {}", in(reg) state, options(nostack, preserves_flags)) };
    }
}

/// 128 bits at once, by exclusive pairs ("Load-Exclusive and Store-Exclusive"): only a pair whose
/// store succeeds is one access, also for a load. The first register of a pair is for the lower
/// address, which on a big-endian CPU has the high half.
pub(crate) mod wide {
    use core::arch::asm;
    use core::mem::transmute;

    /// The halves in the order of their addresses.
    #[inline(always)]
    fn halves(value: u128) -> [u64; 2] {
        // SAFETY: rule 14, any bits are two `u64`.
        unsafe { transmute::<u128, [u64; 2]>(value) }
    }

    /// The value that has these halves in memory.
    #[inline(always)]
    fn whole(halves: [u64; 2]) -> u128 {
        // SAFETY: rule 14, any bits are a `u128`.
        unsafe { transmute::<[u64; 2], u128>(halves) }
    }

    /// # Safety
    ///
    /// There is an aligned `u128` at `address` that may be read and written.
    #[inline]
    pub(crate) unsafe fn load(address: usize) -> u128 {
        // SAFETY: as here; equal values leave the memory as it is.
        match unsafe { compare_exchange(address, 0, 0) } {
            Ok(value) | Err(value) => value,
        }
    }

    /// # Safety
    ///
    /// As [`load`].
    #[inline]
    pub(crate) unsafe fn swap(address: usize, value: u128) -> u128 {
        let [new_first, new_second] = halves(value);
        let (first, second): (u64, u64);
        // SAFETY: rule 10, one exclusive store that succeeded.
        unsafe {
            asm!(
                "2: ldxp {first}, {second}, [{address}]",
                "stxp {failed:w}, {new_first}, {new_second}, [{address}]",
                "cbnz {failed:w}, 2b",
                first = out(reg) first,
                second = out(reg) second,
                failed = out(reg) _,
                new_first = in(reg) new_first,
                new_second = in(reg) new_second,
                address = in(reg) address,
                options(nostack, preserves_flags)
            );
        }
        whole([first, second])
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
        let ([first_then, second_then], [new_first, new_second]) = (halves(current), halves(new));
        let (first, second): (u64, u64);
        // SAFETY: rule 10, one exclusive store that succeeded; the flags change.
        unsafe {
            asm!(
                "2: ldxp {first}, {second}, [{address}]",
                "cmp {first}, {first_then}",
                "ccmp {second}, {second_then}, #0, eq",
                "b.ne 3f",
                "stxp {failed:w}, {new_first}, {new_second}, [{address}]",
                "cbnz {failed:w}, 2b",
                "b 4f",
                "3: stxp {failed:w}, {first}, {second}, [{address}]",
                "cbnz {failed:w}, 2b",
                "4:",
                first = out(reg) first,
                second = out(reg) second,
                failed = out(reg) _,
                first_then = in(reg) first_then,
                second_then = in(reg) second_then,
                new_first = in(reg) new_first,
                new_second = in(reg) new_second,
                address = in(reg) address,
                options(nostack)
            );
        }
        let found = whole([first, second]);
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use core::arch::asm;

    use aarch64_cpu::registers::{CurrentEL, MPIDR_EL1, SCTLR_EL1, SCTLR_EL2, SCTLR_EL3};
    use tock_registers::interfaces::Readable;

    use crate::InitError;

    /// What a 16-bit offset reaches, and what the template's address is a multiple of.
    #[cfg(not(feature = "non-zero-vma"))]
    const REACH: usize = 1 << 16;

    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) const HOT_REACH: Option<usize> = Some(1 << 12);
    #[cfg(feature = "non-zero-vma")]
    pub(crate) const HOT_REACH: Option<usize> = None;

    pub(crate) fn register() -> Option<usize> {
        Some(register_for_access())
    }

    #[inline(always)]
    pub(crate) fn register_for_access() -> usize {
        let value: usize;
        // SAFETY: rule 10. Not `pure`: the value changes when the context moves to another CPU.
        // aarch64-cpu's read is not used here because it declares the flags clobbered.
        unsafe {
            #[cfg(feature = "arm-el2")]
            asm!("mrs {}, TPIDR_EL2", out(reg) value, options(nomem, nostack, preserves_flags));
            #[cfg(not(feature = "arm-el2"))]
            asm!("mrs {}, TPIDR_EL1", out(reg) value, options(nomem, nostack, preserves_flags));
        }
        value
    }

    #[inline(always)]
    pub(crate) fn register_for_pin() -> usize {
        let value: usize;
        // SAFETY: rule 10. `pure`, so that offsets after it leave a loop; not `nomem`: it stays between
        // the calls around it, any of which may move the context.
        unsafe {
            #[cfg(feature = "arm-el2")]
            asm!("mrs {}, TPIDR_EL2", out(reg) value, options(pure, readonly, nostack, preserves_flags));
            #[cfg(not(feature = "arm-el2"))]
            asm!("mrs {}, TPIDR_EL1", out(reg) value, options(pure, readonly, nostack, preserves_flags));
        }
        value
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    pub(crate) unsafe fn set_register(value: usize) {
        // SAFETY: rule 10. Not `nomem`, as aarch64-cpu's write is: what comes after goes to another area.
        unsafe {
            #[cfg(feature = "arm-el2")]
            asm!("msr TPIDR_EL2, {}", in(reg) value, options(nostack, preserves_flags));
            #[cfg(not(feature = "arm-el2"))]
            asm!("msr TPIDR_EL1, {}", in(reg) value, options(nostack, preserves_flags));
        }
    }

    pub(crate) const REGISTER_IS_IN_AREA: bool = false;

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

    /// `MPIDR_EL1`.
    pub(crate) fn hardware_id() -> Option<usize> {
        Some(MPIDR_EL1.get() as usize)
    }

    pub(crate) const BIASED: bool = cfg!(feature = "non-zero-vma");

    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
        crate::arch::check_reach(start, size, REACH)
    }

    #[cfg(feature = "non-zero-vma")]
    pub(crate) fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
        Ok(())
    }

    /// Exclusives are only guaranteed on Normal cacheable memory ("Synchronization and semaphores"),
    /// which data is once the MMU and the data cache of the running exception level are on.
    pub(crate) fn memory_is_normal() -> bool {
        // The register of another exception level would trap, or speak of another one's MMU.
        match exception_level() {
            1 => SCTLR_EL1.matches_all(SCTLR_EL1::M::SET + SCTLR_EL1::C::SET),
            2 => SCTLR_EL2.matches_all(SCTLR_EL2::M::SET + SCTLR_EL2::C::SET),
            _ => SCTLR_EL3.matches_all(SCTLR_EL3::M::SET + SCTLR_EL3::C::SET),
        }
    }

    fn exception_level() -> u64 {
        CurrentEL.read(CurrentEL::EL)
    }

    /// The offset: the low 16 bits of the address.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __displacement {
        ($symbol:path) => {{
            let offset: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    "movz {}, #:abs_g0_nc:{}",
                    out(reg) offset,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            offset
        }};
    }

    /// The address, since the register is biased.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __displacement {
        ($symbol:path) => {
            $crate::__address!($symbol)
        };
    }

    /// All 64 bits: a kernel linked high cannot reach a template at VMA 0 relative to the PC.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __address {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    "movz {0}, #:abs_g3:{1}",
                    "movk {0}, #:abs_g2_nc:{1}",
                    "movk {0}, #:abs_g1_nc:{1}",
                    "movk {0}, #:abs_g0_nc:{1}",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// Relative to the PC, within 4 GiB: an image that moves needs no relocation.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __address {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. Fixed once the image is loaded: `pure` and without memory. In `asm!`
            // because LLVM would fold a load through `&raw const` to the initial value.
            unsafe {
                ::core::arch::asm!(
                    "adrp {0}, {1}",
                    "add {0}, {0}, :lo12:{1}",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// A weak reference is 0 in all four parts if it is undefined.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __optional_address {
        ($symbol:literal) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    ::core::concat!(".weak ", $symbol),
                    ::core::concat!(".hidden ", $symbol),
                    ::core::concat!("movz {0}, #:abs_g3:", $symbol),
                    ::core::concat!("movk {0}, #:abs_g2_nc:", $symbol),
                    ::core::concat!("movk {0}, #:abs_g1_nc:", $symbol),
                    ::core::concat!("movk {0}, #:abs_g0_nc:", $symbol),
                    out(reg) address,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// By the GOT: an undefined weak symbol relative to the PC is the PC's page, not 0.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __optional_address {
        ($symbol:literal) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. One load of a slot that is written before the image runs.
            unsafe {
                ::core::arch::asm!(
                    ::core::concat!(".weak ", $symbol),
                    ::core::concat!(".hidden ", $symbol),
                    ::core::concat!("adrp {0}, :got:", $symbol),
                    ::core::concat!("ldr {0}, [{0}, :got_lo12:", $symbol, "]"),
                    out(reg) address,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// A hot variable's offset is the low 12 bits of its address, part of the access. For the
    /// others nothing: an offset in a register is as short.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct {
        (hot $symbol:path) => {
            #[inline(always)]
            fn at(register: ::core::primitive::usize) -> ::core::primitive::usize {
                let address: ::core::primitive::usize;
                // SAFETY: rule 10. A sum with a constant of the linker: `pure` and without memory.
                unsafe {
                    ::core::arch::asm!(
                        "add {address}, {register}, :lo12:{symbol}",
                        address = out(reg) address,
                        register = in(reg) register,
                        symbol = sym $symbol,
                        options(pure, nomem, nostack, preserves_flags)
                    );
                }
                address
            }

            #[inline(always)]
            unsafe fn load_from<V: $crate::Scalar>(register: ::core::primitive::usize) -> V {
                // SAFETY: rule 10, one load; rules 2 and 5 are the caller's, and so is that `V` is
                // the variable's type.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => {
                            let byte = $crate::__load!(::core::primitive::u32, "ldrb {value:w}", register, $symbol);
                            let byte = byte.assume_init();
                            // Known to the optimizer, so that it does not extend the value again.
                            ::core::hint::assert_unchecked(byte < 1 << 8);
                            V::__loaded(byte as ::core::primitive::usize);
                            ::core::mem::transmute_copy(&(byte as ::core::primitive::u8))
                        }
                        2 => {
                            let half = $crate::__load!(::core::primitive::u32, "ldrh {value:w}", register, $symbol);
                            let half = half.assume_init();
                            ::core::hint::assert_unchecked(half < 1 << 16);
                            ::core::mem::transmute_copy(&(half as ::core::primitive::u16))
                        }
                        4 => ::core::mem::transmute_copy(&$crate::__load!(
                            ::core::primitive::u32, "ldr {value:w}", register, $symbol
                        )),
                        16 => $crate::__priv::load_at(Self::at(register)),
                        _ => ::core::mem::transmute_copy(&$crate::__load!(
                            ::core::primitive::u64, "ldr {value}", register, $symbol
                        )),
                    }
                }
            }

            #[inline(always)]
            unsafe fn store_to<V: $crate::Scalar>(register: ::core::primitive::usize, value: V) {
                // SAFETY: rule 10, one store; otherwise as `load_from`.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => $crate::__store!(::core::primitive::u8, "strb {value:w}", register, value, $symbol),
                        2 => $crate::__store!(::core::primitive::u16, "strh {value:w}", register, value, $symbol),
                        4 => $crate::__store!(::core::primitive::u32, "str {value:w}", register, value, $symbol),
                        16 => $crate::__priv::store_at(Self::at(register), value),
                        _ => $crate::__store!(::core::primitive::u64, "str {value}", register, value, $symbol),
                    }
                }
            }
        };
        ($group:ident $symbol:path) => {};
    }

    /// Nothing: an address in a register is as short.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct {
        ($group:ident $symbol:path) => {};
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __load {
        ($bits:ty, $instruction:literal, $register:ident, $symbol:path) => {{
            // Uninitialized as far as the types tell: an integer would drop a pointer's provenance.
            let value: ::core::mem::MaybeUninit<$bits>;
            ::core::arch::asm!(
                ::core::concat!($instruction, ", [{register}, :lo12:{symbol}]"),
                value = out(reg) value,
                register = in(reg) $register,
                symbol = sym $symbol,
                options(readonly, nostack, preserves_flags)
            );
            value
        }};
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __store {
        ($bits:ty, $instruction:literal, $register:ident, $value:ident, $symbol:path) => {
            ::core::arch::asm!(
                ::core::concat!($instruction, ", [{register}, :lo12:{symbol}]"),
                value = in(reg)
                    ::core::mem::transmute_copy::<V, ::core::mem::MaybeUninit<$bits>>(&$value),
                register = in(reg) $register,
                symbol = sym $symbol,
                options(nostack, preserves_flags)
            )
        };
    }
}
