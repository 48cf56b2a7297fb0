//! RISC-V: `gp`, on riscv32 and riscv64.
//!
//! Register: x3, the global pointer (psABI, "Integer Register Convention"), always biased. The ABI
//! leaves it to the platform, and compiled Rust does not use it as long as the linker does not:
//! a script that defines `__global_pointer$` lets relaxation address data through it, so kernels
//! with per-CPU variables do not define that symbol. A user process and a guest have their own
//! `gp`: an entry from either restores the kernel's before per-CPU data is valid, from a place
//! that `sscratch` names.
//!
//! Default mode: `lui %hi` and `%lo` make an address of 32 signed bits: the template is at VMA 0,
//! or within 2 GiB of 0. The linker checks every reference, and init the template.
//! `non-zero-vma`: `auipc`, within 2 GiB of the code, which the linker checks.
//!
//! ```text
//! lui a0, %hi(__PERCPU_X)             auipc a0, %pcrel_hi(__PERCPU_X)
//! add a0, a0, gp                      add   a0, a0, gp
//! ld  a0, %lo(__PERCPU_X)(a0)         ld    a0, %pcrel_lo(1b)(a0)
//! ```
//!
//! A read-modify-write of less than 32 bits, and `compare_exchange`, are a loop of `lr` and `sc` on a whole
//! word. Neither a store of the same hart nor a trap and its return need end the reservation (volume 1,
//! "Load-Reserved/Store-Conditional Instructions"; volume 2, "Trap-Return Instructions"), so every way
//! out of a trap has an `sc`, to any address: else the loop undoes what a handler stored to the variable,
//! or to a neighbour in its word. The same holds for what switches contexts.
//!
//! Linker relaxation (target feature `relax`) would rewrite the second and third instruction to
//! `x0`-relative or `gp`-relative forms that know nothing of the register's value; the accesses
//! switch it off for themselves.

pub(crate) mod interrupts {
    use core::arch::asm;

    /// `sstatus.SIE` (privileged manual, "Supervisor Status (`sstatus`) Register").
    const SIE: usize = 1 << 1;

    /// Masks the interrupts of supervisor mode, and gives the mask that was.
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        let state: usize;
        // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
        unsafe {
            asm!("csrrci {}, sstatus, {}", out(reg) state, const SIE, options(nostack, preserves_flags));
        }
        state & SIE
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
        unsafe { asm!("csrs sstatus, {}", in(reg) state, options(nostack, preserves_flags)) };
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
            asm!("mv {}, gp", out(reg) value, options(nomem, nostack, preserves_flags));
        }
        value
    }

    #[inline(always)]
    pub(crate) fn register_for_pin() -> usize {
        let value: usize;
        // SAFETY: rule 10. `pure`, so that it is only read if it is used; not `nomem`: it stays between
        // the calls around it, any of which may move the context.
        unsafe {
            asm!("mv {}, gp", out(reg) value, options(pure, readonly, nostack, preserves_flags));
        }
        value
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    pub(crate) unsafe fn set_register(value: usize) {
        // SAFETY: rule 10; compiled code does not use `gp`. Not `nomem`: what comes after goes to
        // another area.
        unsafe {
            asm!("mv gp, {}", in(reg) value, options(nostack, preserves_flags));
        }
    }

    pub(crate) const REGISTER_IS_IN_AREA: bool = false;

    pub(crate) const fn assert_register_accessible() {}

    pub(crate) use assert_register_accessible as assert_register_is_own;

    /// None: `mhartid` is machine mode's (privileged manual, "Hart ID (mhartid) Register").
    pub(crate) const fn hardware_id() -> Option<usize> {
        None
    }

    pub(crate) const BIASED: bool = true;

    /// On riscv32 `lui` reaches every address.
    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
        crate::arch::check_signed_32(start, size)?;
        crate::arch::check_hot(start)
    }

    #[cfg(feature = "non-zero-vma")]
    pub(crate) fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
        Ok(())
    }

    /// Atomics work on main memory in every translation mode (privileged manual, "Atomicity PMAs").
    pub(crate) const fn memory_is_normal() -> bool {
        true
    }

    /// What precedes an access: the address in `{address}` but for its low 12 bits.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __high {
        () => {
            "lui {address}, %hi({symbol})"
        };
    }

    /// What precedes an access: the address in `{address}` but for its low 12 bits.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __high {
        () => {
            "2: auipc {address}, %pcrel_hi({symbol})"
        };
    }

    /// The low 12 bits of the address.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __low {
        () => {
            "%lo({symbol})"
        };
    }

    /// The low 12 bits of the address.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __low {
        () => {
            "%pcrel_lo(2b)"
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
                    ".option push",
                    ".option norelax",
                    $crate::__high!(),
                    ::core::concat!("addi {address}, {address}, ", $crate::__low!()),
                    ".option pop",
                    address = out(reg) address,
                    symbol = sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// All bits, from memory: `lui` cannot reach a block that is linked high.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __address {
        ($symbol:path) => {
            $crate::__literal!("", "{symbol}", symbol = sym $symbol)
        };
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

    /// A weak reference is 0 if it is undefined.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __optional_address {
        ($symbol:literal) => {
            $crate::__literal!(
                ::core::concat!(".weak ", $symbol, "\n.hidden ", $symbol),
                $symbol
            )
        };
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
                    ".option push",
                    ".option norelax",
                    ::core::concat!("2: auipc {address}, %got_pcrel_hi(", $symbol, ")"),
                    ::core::concat!($crate::__xlen!("ld", "lw"), " {address}, %pcrel_lo(2b)({address})"),
                    ".option pop",
                    address = out(reg) address,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// A constant of the linker, from read-only memory.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __literal {
        ($directives:expr, $value:literal $(, $($operand:tt)*)?) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. One load of a constant beside the code.
            unsafe {
                ::core::arch::asm!(
                    $directives,
                    ".pushsection .rodata.percpu_hv, \"a\"",
                    $crate::__xlen!(".balign 8", ".balign 4"),
                    ::core::concat!("3: ", $crate::__xlen!(".dword ", ".word "), $value),
                    ".popsection",
                    ".option push",
                    ".option norelax",
                    "2: auipc {address}, %pcrel_hi(3b)",
                    ::core::concat!($crate::__xlen!("ld", "lw"), " {address}, %pcrel_lo(2b)({address})"),
                    ".option pop",
                    address = out(reg) address,
                    $($($operand)*,)?
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// The text for riscv64, or that for riscv32.
    #[cfg(target_arch = "riscv64")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __xlen {
        ($riscv64:literal, $riscv32:literal) => {
            $riscv64
        };
    }

    /// The text for riscv64, or that for riscv32.
    #[cfg(target_arch = "riscv32")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __xlen {
        ($riscv64:literal, $riscv32:literal) => {
            $riscv32
        };
    }

    /// Three instructions each, and one for a hot variable: `gp` is an operand, and the low bits are
    /// part of the access.
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
                // SAFETY: rule 10, no memory. Not `pure`: `gp` changes when the context moves.
                unsafe {
                    ::core::arch::asm!(
                        ".option push",
                        ".option norelax",
                        $crate::__reach!($group),
                        ::core::concat!("addi {address}, ", $crate::__base!($group), ", ", $crate::__low!()),
                        ".option pop",
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
                // the variable's type. Not `pure`, since `gp` changes when the context moves.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => {
                            let byte = $crate::__load!($group ::core::primitive::usize, "lbu", $symbol).assume_init();
                            // Known to the optimizer, so that it does not extend the value again.
                            ::core::hint::assert_unchecked(byte < 1 << 8);
                            V::__loaded(byte as ::core::primitive::usize);
                            ::core::mem::transmute_copy(&(byte as ::core::primitive::u8))
                        }
                        2 => {
                            let half = $crate::__load!($group ::core::primitive::usize, "lhu", $symbol).assume_init();
                            ::core::hint::assert_unchecked(half < 1 << 16);
                            ::core::mem::transmute_copy(&(half as ::core::primitive::u16))
                        }
                        4 => ::core::mem::transmute_copy(&$crate::__load!($group ::core::primitive::u32, "lw", $symbol)),
                        8 if ::core::mem::size_of::<::core::primitive::usize>() == 8 => {
                            ::core::mem::transmute_copy(&$crate::__load!($group ::core::primitive::usize, "ld", $symbol))
                        }
                        // 64 bits are two registers on riscv32.
                        _ => $crate::__priv::load_at(<Self as $crate::__priv::Access>::current()),
                    }
                }
            }

            #[inline(always)]
            unsafe fn store<V: $crate::Scalar>(value: V) {
                // SAFETY: rule 10, one store; otherwise as `load`.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => $crate::__store!($group ::core::primitive::u8, "sb", value, $symbol),
                        2 => $crate::__store!($group ::core::primitive::u16, "sh", value, $symbol),
                        4 => $crate::__store!($group ::core::primitive::u32, "sw", value, $symbol),
                        8 if ::core::mem::size_of::<::core::primitive::usize>() == 8 => {
                            $crate::__store!($group ::core::primitive::usize, "sd", value, $symbol)
                        }
                        _ => $crate::__priv::store_at(<Self as $crate::__priv::Access>::current(), value),
                    }
                }
            }
        };
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __load {
        ($group:ident $bits:ty, $instruction:literal, $symbol:path) => {{
            // Uninitialized as far as the types tell: an integer would drop a pointer's provenance.
            let value: ::core::mem::MaybeUninit<$bits>;
            ::core::arch::asm!(
                ".option push",
                ".option norelax",
                $crate::__reach!($group),
                ::core::concat!(
                    $instruction, " {address}, ", $crate::__low!(), "(", $crate::__base!($group), ")"
                ),
                ".option pop",
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
        ($group:ident $bits:ty, $instruction:literal, $value:ident, $symbol:path) => {
            ::core::arch::asm!(
                ".option push",
                ".option norelax",
                $crate::__reach!($group),
                ::core::concat!(
                    $instruction, " {value}, ", $crate::__low!(), "(", $crate::__base!($group), ")",
                    // A hot variable needs no scratch register; the name must occur.
                    " # {address}"
                ),
                ".option pop",
                address = out(reg) _,
                value = in(reg)
                    ::core::mem::transmute_copy::<V, ::core::mem::MaybeUninit<$bits>>(&$value),
                symbol = sym $symbol,
                options(nostack, preserves_flags)
            )
        };
    }

    /// What makes `__base!` the address but for its low 12 bits: nothing for a hot variable, whose
    /// address is less, as the template is at VMA 0; `check_template` learns that there is one.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __reach {
        (hot) => {
            ".weak __percpu_hv_has_hot\n.set __percpu_hv_has_hot, 1"
        };
        ($group:ident) => {
            ::core::concat!($crate::__high!(), "\nadd {address}, {address}, gp")
        };
    }

    /// What makes `__base!` the address but for its low 12 bits.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __reach {
        ($group:ident) => {
            ::core::concat!($crate::__high!(), "\nadd {address}, {address}, gp")
        };
    }

    /// The register that the low 12 bits are added to.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __base {
        (hot) => {
            "gp"
        };
        ($group:ident) => {
            "{address}"
        };
    }

    /// The register that the low 12 bits are added to.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __base {
        ($group:ident) => {
            "{address}"
        };
    }
}
