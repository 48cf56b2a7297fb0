//! LoongArch64: `$r21`.
//!
//! Register: general register 21, which the psABI reserves and compiled code never uses; the Linux
//! kernel keeps its per-CPU base there too (Documentation/arch/loongarch/introduction). Always
//! biased. A user process and a guest have their own `$r21`: an entry from either restores the
//! kernel's before per-CPU data is valid, from a `CSR.SAVE` register.
//!
//! Default mode: `lu12i.w` and `ori` make an address of 32 signed bits: the template is at VMA 0, or
//! within 2 GiB of 0. The linker checks every reference, and init the template. `non-zero-vma`:
//! `pcalau12i`, within 2 GiB of the code, which the linker checks.
//!
//! ```text
//! lu12i.w $a0, %abs_hi20(__PERCPU_X)        pcalau12i $a0, %pc_hi20(__PERCPU_X)
//! ori     $a0, $a0, %abs_lo12(__PERCPU_X)   addi.d    $a0, $a0, %pc_lo12(__PERCPU_X)
//! ldx.d   $a0, $a0, $r21                    ldx.d     $a0, $a0, $r21
//! ```
//!
//! A read-modify-write of less than 32 bits, and `compare_exchange`, are a loop of `ll` and `sc` on a whole
//! word. What a handler stores there they see: `ertn` clears the `LLbit`, unless the handler set
//! `CSR.LLBCTL.KLO` (reference manual, volume 1, "LLBit Control"), which it must not do. What switches
//! contexts without an `ertn` writes 1 to `CSR.LLBCTL.WCLLB`.

pub(crate) mod interrupts {
    use core::arch::asm;

    /// `CSR.CRMD.IE`, the global interrupt enable (reference manual, volume 1, "Current Mode
    /// Information").
    const IE: usize = 1 << 2;

    /// Masks all interrupts, and gives the mask that was.
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        // SAFETY: rule 10, the bit becomes 0.
        unsafe { exchange(0) }
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        // SAFETY: rule 10, the bit becomes what it was.
        unsafe { exchange(state) };
    }

    #[inline(always)]
    unsafe fn exchange(mut state: usize) -> usize {
        // SAFETY: rule 10, only the bit `IE` changes. The mask has a register of its own: with `$r0` or
        // `$r1` in its place the encoding is that of another instruction ("CSRRD, CSRWR, CSRXCHG"), and
        // the compiler may choose `$r1`. Not `nomem`: no access moves out of the masked part.
        unsafe {
            asm!(
                "csrxchg {}, $t0, 0x0",
                inout(reg) state,
                in("$t0") IE,
                options(nostack, preserves_flags)
            );
        }
        state & IE
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use core::arch::asm;

    use crate::InitError;

    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) const HOT_REACH: Option<usize> = Some(1 << 11);
    #[cfg(feature = "non-zero-vma")]
    pub(crate) const HOT_REACH: Option<usize> = None;

    pub(crate) fn register() -> Option<usize> {
        Some(register_for_access())
    }

    #[inline(always)]
    pub(crate) fn register_for_access() -> usize {
        let value: usize;
        // SAFETY: rule 10. Not `pure`: the value changes when the context moves to another CPU.
        unsafe {
            asm!("move {}, $r21", out(reg) value, options(nomem, nostack, preserves_flags));
        }
        value
    }

    #[inline(always)]
    pub(crate) fn register_for_pin() -> usize {
        let value: usize;
        // SAFETY: rule 10. `pure`, so that it is only read if it is used; not `nomem`: it stays between
        // the calls around it, any of which may move the context.
        unsafe {
            asm!("move {}, $r21", out(reg) value, options(pure, readonly, nostack, preserves_flags));
        }
        value
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    pub(crate) unsafe fn set_register(value: usize) {
        // SAFETY: rule 10; compiled code does not use `$r21`. Not `nomem`: what comes after goes to
        // another area.
        unsafe {
            asm!("move $r21, {}", in(reg) value, options(nostack, preserves_flags));
        }
    }

    pub(crate) const REGISTER_IS_IN_AREA: bool = false;

    pub(crate) const fn assert_register_accessible() {}

    pub(crate) use assert_register_accessible as assert_register_is_own;

    /// `CSR.CPUID` (reference manual, volume 1, "CPU Identity").
    pub(crate) fn hardware_id() -> Option<usize> {
        let value: usize;
        // SAFETY: rule 10; privileged software may read CSRs. Not `pure`: another CPU has another one.
        unsafe {
            asm!("csrrd {}, 0x20", out(reg) value, options(nomem, nostack, preserves_flags));
        }
        Some(value)
    }

    pub(crate) const BIASED: bool = true;

    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
        crate::arch::check_signed_32(start, size)?;
        crate::arch::check_hot(start)
    }

    #[cfg(feature = "non-zero-vma")]
    pub(crate) fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
        Ok(())
    }

    /// `ll`/`sc` are only defined on cached memory (reference manual, volume 1, "LL.{W/D}, SC.{W/D}"),
    /// which data is in mapped address translation mode, and in direct mode if `CSR.CRMD.DATM` says so:
    /// after reset it does not.
    pub(crate) fn memory_is_normal() -> bool {
        let crmd: usize;
        // SAFETY: rule 10; privileged software may read CSRs. Not `pure`: the mode changes.
        unsafe {
            asm!("csrrd {}, 0x0", out(reg) crmd, options(nomem, nostack, preserves_flags));
        }
        let (mapped, direct_access_type) = (crmd >> 4 & 1 == 1, crmd >> 7 & 0b11);
        mapped || direct_access_type == 1
    }

    /// What makes the variable's address in `{address}`.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __make_address {
        () => {
            "lu12i.w {address}, %abs_hi20({symbol})\nori {address}, {address}, %abs_lo12({symbol})"
        };
    }

    /// What makes the variable's address in `{address}`.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __make_address {
        () => {
            "pcalau12i {address}, %pc_hi20({symbol})\naddi.d {address}, {address}, %pc_lo12({symbol})"
        };
    }

    /// The address, since the register is biased.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __displacement {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    $crate::__make_address!(),
                    address = out(reg) address,
                    symbol = sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
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
                    "lu12i.w {0}, %abs_hi20({1})",
                    "ori {0}, {0}, %abs_lo12({1})",
                    "lu32i.d {0}, %abs64_lo20({1})",
                    "lu52i.d {0}, {0}, %abs64_hi12({1})",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// Relative to the code: an image that moves needs no relocation.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __address {
        ($symbol:path) => {
            $crate::__displacement!($symbol)
        };
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
                    ::core::concat!("lu12i.w {0}, %abs_hi20(", $symbol, ")"),
                    ::core::concat!("ori {0}, {0}, %abs_lo12(", $symbol, ")"),
                    ::core::concat!("lu32i.d {0}, %abs64_lo20(", $symbol, ")"),
                    ::core::concat!("lu52i.d {0}, {0}, %abs64_hi12(", $symbol, ")"),
                    out(reg) address,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// By the GOT: an undefined weak symbol relative to the PC is not 0.
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
                    ::core::concat!("pcalau12i {0}, %got_pc_hi20(", $symbol, ")"),
                    ::core::concat!("ld.d {0}, {0}, %got_pc_lo12(", $symbol, ")"),
                    out(reg) address,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// Three instructions each, and one for a hot variable: `$r21` is an operand.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct {
        ($group:ident $symbol:path) => {
            const REGISTER_IS_OPERAND: ::core::primitive::bool = true;

            #[inline(always)]
            fn pinned(_: ::core::primitive::usize) -> ::core::primitive::usize {
                <Self as $crate::__priv::Access>::current()
            }

            #[inline(always)]
            fn current() -> ::core::primitive::usize {
                let address: ::core::primitive::usize;
                // SAFETY: rule 10, no memory. Not `pure`: `$r21` changes when the context moves.
                unsafe {
                    ::core::arch::asm!(
                        $crate::__operation!($group "add.d", "addi.d", "{address}"),
                        address = out(reg) address,
                        symbol = sym $symbol,
                        options(nomem, nostack, preserves_flags)
                    );
                }
                address
            }

            #[inline(always)]
            unsafe fn load<V: $crate::Scalar>() -> V {
                // SAFETY: rule 10, one load; rules 2 and 5 are the caller's, and so is that `V` is
                // the variable's type. Not `pure`, since `$r21` changes when the context moves.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => {
                            let byte = $crate::__load!($group ::core::primitive::u64, "ldx.bu", "ld.bu", $symbol).assume_init();
                            // Known to the optimizer, so that it does not extend the value again.
                            ::core::hint::assert_unchecked(byte < 1 << 8);
                            V::__loaded(byte as ::core::primitive::usize);
                            ::core::mem::transmute_copy(&(byte as ::core::primitive::u8))
                        }
                        2 => {
                            let half = $crate::__load!($group ::core::primitive::u64, "ldx.hu", "ld.hu", $symbol).assume_init();
                            ::core::hint::assert_unchecked(half < 1 << 16);
                            ::core::mem::transmute_copy(&(half as ::core::primitive::u16))
                        }
                        4 => ::core::mem::transmute_copy(&$crate::__load!($group ::core::primitive::u32, "ldx.w", "ld.w", $symbol)),
                        _ => ::core::mem::transmute_copy(&$crate::__load!($group ::core::primitive::u64, "ldx.d", "ld.d", $symbol)),
                    }
                }
            }

            #[inline(always)]
            unsafe fn store<V: $crate::Scalar>(value: V) {
                // SAFETY: rule 10, one store; otherwise as `load`.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => $crate::__store!($group ::core::primitive::u8, "stx.b", "st.b", value, $symbol),
                        2 => $crate::__store!($group ::core::primitive::u16, "stx.h", "st.h", value, $symbol),
                        4 => $crate::__store!($group ::core::primitive::u32, "stx.w", "st.w", value, $symbol),
                        _ => $crate::__store!($group ::core::primitive::u64, "stx.d", "st.d", value, $symbol),
                    }
                }
            }
        };
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __load {
        ($group:ident $bits:ty, $indexed:literal, $immediate:literal, $symbol:path) => {{
            // Uninitialized as far as the types tell: an integer would drop a pointer's provenance.
            let value: ::core::mem::MaybeUninit<$bits>;
            ::core::arch::asm!(
                $crate::__operation!($group $indexed, $immediate, "{address}"),
                address = out(reg) value,
                symbol = sym $symbol,
                options(readonly, nostack, preserves_flags)
            );
            value
        }};
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __store {
        (
            $group:ident $bits:ty, $indexed:literal, $immediate:literal, $value:ident, $symbol:path
        ) => {
            ::core::arch::asm!(
                $crate::__operation!($group $indexed, $immediate, "{value}"),
                // A hot variable needs no scratch register; the name must occur.
                "# {address}",
                address = out(reg) _,
                value = in(reg)
                    ::core::mem::transmute_copy::<V, ::core::mem::MaybeUninit<$bits>>(&$value),
                symbol = sym $symbol,
                options(nostack, preserves_flags)
            )
        };
    }

    /// An instruction on this CPU's copy: with the whole address and the register, or for a hot
    /// variable with the register and the low 12 bits, as the template is at VMA 0; `check_template`
    /// learns that there is one.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __operation {
        (hot $indexed:literal, $immediate:literal, $operand:literal) => {
            ::core::concat!(
                ".weak __percpu_hv_has_hot\n.set __percpu_hv_has_hot, 1\n",
                $immediate,
                " ",
                $operand,
                ", $r21, %pc_lo12({symbol})"
            )
        };
        ($group:ident $indexed:literal, $immediate:literal, $operand:literal) => {
            ::core::concat!(
                $crate::__make_address!(),
                "\n",
                $indexed,
                " ",
                $operand,
                ", {address}, $r21"
            )
        };
    }

    /// An instruction on this CPU's copy, with the whole address and the register.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __operation {
        ($group:ident $indexed:literal, $immediate:literal, $operand:literal) => {
            ::core::concat!(
                $crate::__make_address!(),
                "\n",
                $indexed,
                " ",
                $operand,
                ", {address}, $r21"
            )
        };
    }
}
