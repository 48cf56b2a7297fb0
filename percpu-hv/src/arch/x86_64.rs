//! x86_64: `GS_BASE`.
//!
//! Register: the base of the segment `gs` (Intel SDM vol. 3A, "Segment Loading Instructions in
//! IA-32e Mode"; `IA32_GS_BASE`, MSR C000_0101H), always biased. User code that loads a selector
//! into `gs`, or runs `wrgsbase`, changes it: an entry from user mode runs `swapgs` first. A VM exit
//! loads it from the VMCS field `HOST_GS_BASE` (SDM vol. 3C, "Host-State Area"), which the hypervisor
//! writes per CPU; SVM's `#VMEXIT` leaves the guest's value, until `vmload` or `wrmsr` restores the
//! host's (AMD64 APM vol. 2, "VMSAVE and VMLOAD Instructions").
//!
//! Default mode: `gs:[sym]` with a signed 32-bit address. The template is at VMA 0, in the low
//! 2 GiB or in the top 2 GiB; the linker checks the range (`R_X86_64_32S`), and init does.
//! `non-zero-vma`: `gs:[rip + sym]`, within 2 GiB of the code, which the linker checks.
//!
//! ```text
//! mov rax, gs:[__PERCPU_X]            a scalar, either way one instruction
//!
//! mov rax, gs:[__PERCPU_SELF_PTR]     a pointer
//! add rax, offset __PERCPU_X
//!
//! lea rax, [rip + __PERCPU_X]         a pointer with `non-zero-vma`
//! add rax, gs:[rip + __PERCPU_SELF_PTR]
//! ```
//!
//! Read-modify-writes are one instruction, or a loop of `cmpxchg`, which compares with what a handler stored:
//! a handler owes them nothing.

#[cfg(not(target_os = "linux"))]
pub(crate) mod interrupts {
    use core::arch::asm;

    /// `RFLAGS.IF` (SDM vol. 1, "System Flags and IOPL Field").
    const IF: usize = 1 << 9;

    /// Masks maskable interrupts, and gives the mask that was.
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        let state: usize;
        // SAFETY: rule 10. Not `nostack`, as the flags go through it, and not `nomem`: no access
        // moves out of the masked part.
        unsafe { asm!("pushfq", "pop {}", "cli", out(reg) state, options(preserves_flags)) };
        state & IF
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        if state != 0 {
            // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
            unsafe { asm!("sti", options(nostack, preserves_flags)) };
        }
    }
}

/// The interrupts of a Linux thread are its signals.
#[cfg(target_os = "linux")]
pub(crate) mod interrupts {
    const SYS_RT_SIGPROCMASK: usize = 14;
    const SIG_SETMASK: usize = 2;

    /// Blocks all signals, and gives the mask that was.
    pub(crate) fn mask() -> usize {
        let mut state = 0_usize;
        set(&usize::MAX, (&raw mut state).expose_provenance());
        // SAFETY: rule 10, the call wrote it.
        unsafe { core::ptr::read_volatile(&raw const state) }
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this thread.
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

/// What the kernel answers to a system call: mostly 0, or a negated error number.
///
/// # Safety
///
/// The call does with its arguments what the caller allows.
#[cfg(target_os = "linux")]
#[inline]
unsafe fn system_call(number: usize, arguments: [usize; 4]) -> isize {
    let result: isize;
    let [first, second, third, fourth] = arguments;
    // SAFETY: rule 10. The kernel takes the number from rax and gives the result there; `syscall`
    // itself overwrites rcx and r11 (AMD64 APM vol. 3, "SYSCALL"). It keeps the flags. Not
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

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use crate::InitError;

    unsafe extern "C" {
        /// The register's own value, in the header of every area: `gs` relative reads are the only way to it that is
        /// fast.
        pub static mut __PERCPU_SELF_PTR: usize;
    }

    pub(crate) const REGISTER_IS_IN_AREA: bool = true;

    pub(crate) use gs_base::register;

    /// As of every other variable.
    pub(crate) const HOT_REACH: Option<usize> = Some(usize::MAX);

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    #[inline]
    pub(crate) unsafe fn set_register(value: usize) {
        // SAFETY: rule 2 is the caller's.
        unsafe { gs_base::set(value) };
    }

    /// The register in ring 0.
    #[cfg(not(target_os = "linux"))]
    mod gs_base {
        use core::arch::asm;

        /// `IA32_GS_BASE` (SDM vol. 4, "Architectural MSRs").
        const IA32_GS_BASE: u32 = 0xc000_0101;

        /// `CR4.FSGSBASE` (SDM vol. 3A, "Control Registers"): `rdgsbase` and `wrgsbase` are enabled.
        const CR4_FSGSBASE: u64 = 1 << 16;

        pub(crate) fn register() -> Option<usize> {
            let (low, high): (u32, u32);
            // SAFETY: rule 10. The MSR exists on every x86_64 and its read has no effect; not `pure`,
            // since another context may run on another CPU.
            unsafe {
                asm!(
                    "rdmsr",
                    in("ecx") IA32_GS_BASE,
                    out("eax") low,
                    out("edx") high,
                    options(nomem, nostack, preserves_flags)
                );
            }
            Some((high as usize) << 32 | low as usize)
        }

        /// # Safety
        ///
        /// Rule 2 of docs/safety.md.
        pub(super) unsafe fn set(value: usize) {
            let cr4: u64;
            // SAFETY: rule 10. CR4 is readable in ring 0. Not `nomem` on the writes: what comes after
            // goes to another area.
            unsafe {
                asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack, preserves_flags));
                if cr4 & CR4_FSGSBASE != 0 {
                    asm!("wrgsbase {}", in(reg) value, options(nostack, preserves_flags));
                } else {
                    asm!(
                        "wrmsr",
                        in("ecx") IA32_GS_BASE,
                        in("eax") value as u32,
                        in("edx") (value >> 32) as u32,
                        options(nostack, preserves_flags)
                    );
                }
            }
        }
    }

    /// The register of a Linux thread, which the kernel reads and writes for it: arch_prctl(2). A new
    /// thread starts with its parent's.
    #[cfg(target_os = "linux")]
    mod gs_base {
        use core::ptr;

        const SYS_ARCH_PRCTL: usize = 158;
        const ARCH_SET_GS: usize = 0x1001;
        const ARCH_GET_GS: usize = 0x1004;

        /// What the kernel answers: 0, or a negated error number.
        #[inline]
        fn arch_prctl(code: usize, argument: usize) -> isize {
            // SAFETY: rule 10. `ARCH_GET_GS` writes a word at the argument, the other code none.
            unsafe { crate::arch::imp::system_call(SYS_ARCH_PRCTL, [code, argument, 0, 0]) }
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
        pub(super) unsafe fn set(value: usize) {
            done(arch_prctl(ARCH_SET_GS, value), "write");
        }
    }

    pub(crate) const fn assert_register_accessible() {}

    pub(crate) use assert_register_accessible as assert_register_is_own;

    macro_rules! own_pointer {
        ($($option:ident),*) => {{
            let value: usize;
            // SAFETY: rule 10, one load from this CPU's area (rule 2).
            unsafe {
                core::arch::asm!(
                    concat!("mov {value}, qword ptr ", crate::__gs!()),
                    value = out(reg) value,
                    symbol = sym __PERCPU_SELF_PTR,
                    options($($option,)* nostack, preserves_flags)
                );
            }
            value
        }};
    }

    #[inline(always)]
    pub(crate) fn register_for_access() -> usize {
        // Not `pure`: the area changes when the context moves to another CPU.
        own_pointer!(readonly)
    }

    #[inline(always)]
    pub(crate) fn register_for_pin() -> usize {
        // `pure`, so that it is only read if it is used; it stays between the calls around it, any of
        // which may move the context.
        own_pointer!(pure, readonly)
    }

    /// The APIC id (SDM vol. 2A, "CPUID": leaf 0BH, or leaf 1 without it).
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn hardware_id() -> Option<usize> {
        // Unsafe until Rust 1.94.
        #[allow(unused_unsafe)]
        let cpuid = |leaf| {
            // SAFETY: rule 10; every x86_64 has the instruction.
            unsafe { core::arch::x86_64::__cpuid_count(leaf, 0) }
        };
        let topology = (cpuid(0).eax >= 0xb).then(|| cpuid(0xb));
        match topology {
            Some(topology) if topology.ebx != 0 => Some(topology.edx as usize),
            _ => Some((cpuid(1).ebx >> 24) as usize),
        }
    }

    pub(crate) const BIASED: bool = true;

    /// The linker checks the range of every reference, but not that a script put all of them there.
    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
        crate::arch::check_signed_32(start, size)
    }

    #[cfg(feature = "non-zero-vma")]
    pub(crate) fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
        Ok(())
    }

    /// Locked instructions and unaligned accesses work in every mode of the MMU.
    pub(crate) const fn memory_is_normal() -> bool {
        true
    }

    /// The memory operand of a variable on this CPU: its address, sign-extended from 32 bits.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __gs {
        () => {
            "gs:[{symbol}]"
        };
    }

    /// The memory operand of a variable on this CPU, relative to the code.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __gs {
        () => {
            "gs:[rip + {symbol}]"
        };
    }

    /// The address, since the register is biased.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __displacement {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    "mov {}, offset {}",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
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
                    "movabs {}, offset {}",
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
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. Fixed once the image is loaded: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    "lea {}, [rip + {}]",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// A weak reference is 0 if it is undefined.
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
                    ::core::concat!("movabs {}, offset ", $symbol),
                    out(reg) address,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// By the GOT: 0 is out of reach relative to the code.
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
                    ::core::concat!("mov {}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                    out(reg) address,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// A pointer in two instructions, a load or a store in one.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct {
        ($group:ident $symbol:path) => {
            const REGISTER_IS_OPERAND: ::core::primitive::bool = true;
            const OFFSET_IS_IMMEDIATE: ::core::primitive::bool = true;

            #[inline(always)]
            fn current() -> ::core::primitive::usize {
                $crate::__current!($symbol)
            }

            #[inline(always)]
            unsafe fn load<V: $crate::Scalar>() -> V {
                // SAFETY: rule 10, one load; rules 2 and 5 are the caller's, and so is that `V` is
                // the variable's type. Not `pure`, since the area changes when the context moves.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => {
                            let byte = $crate::__load!(::core::primitive::u32, "movzx {value:e}, byte ptr ", $symbol);
                            let byte = byte.assume_init();
                            V::__loaded(byte as ::core::primitive::usize);
                            ::core::mem::transmute_copy(&(byte as ::core::primitive::u8))
                        }
                        2 => ::core::mem::transmute_copy(&$crate::__load!(
                            ::core::primitive::u32,
                            "movzx {value:e}, word ptr ",
                            $symbol
                        )),
                        4 => ::core::mem::transmute_copy(&$crate::__load!(
                            ::core::primitive::u32,
                            "mov {value:e}, dword ptr ",
                            $symbol
                        )),
                        _ => ::core::mem::transmute_copy(&$crate::__load!(
                            ::core::primitive::u64,
                            "mov {value}, qword ptr ",
                            $symbol
                        )),
                    }
                }
            }

            #[inline(always)]
            unsafe fn store<V: $crate::Scalar>(value: V) {
                // SAFETY: rule 10, one store; otherwise as `load`.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => $crate::__store!(reg_byte, ::core::primitive::u8, "{value}", "byte", value, $symbol),
                        2 => $crate::__store!(reg, ::core::primitive::u16, "{value:x}", "word", value, $symbol),
                        4 => $crate::__store!(reg, ::core::primitive::u32, "{value:e}", "dword", value, $symbol),
                        _ => $crate::__store!(reg, ::core::primitive::u64, "{value}", "qword", value, $symbol),
                    }
                }
            }

            const IN_ONE_INSTRUCTION: ::core::primitive::bool = true;

            #[inline(always)]
            unsafe fn update<V: $crate::Bits, const OP: ::core::primitive::u8>(operand: V) {
                // SAFETY: rule 10, one instruction, without `lock` since only this CPU writes; the
                // flags change; otherwise as `load`.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => $crate::__update!(reg_byte, ::core::primitive::u8, "{operand}", OP, operand, $symbol),
                        2 => $crate::__update!(reg, ::core::primitive::u16, "{operand:x}", OP, operand, $symbol),
                        4 => $crate::__update!(reg, ::core::primitive::u32, "{operand:e}", OP, operand, $symbol),
                        _ => $crate::__update!(reg, ::core::primitive::u64, "{operand}", OP, operand, $symbol),
                    }
                }
            }

            #[inline(always)]
            unsafe fn step<V: $crate::Integer, const OP: ::core::primitive::u8>() {
                // SAFETY: rule 10, one instruction, as `update`.
                unsafe {
                    ::core::arch::asm!(
                        ".if {op} == 0",
                        $crate::__step!("inc"),
                        ".else",
                        $crate::__step!("dec"),
                        ".endif",
                        size = const ::core::mem::size_of::<V>(),
                        op = const OP,
                        symbol = sym $symbol,
                        options(nostack)
                    );
                }
            }

            #[inline(always)]
            unsafe fn fetch<V: $crate::Bits, const OP: ::core::primitive::u8>(operand: V) -> V {
                use $crate::__priv::{combine, op};
                // SAFETY: rule 10, one instruction, as `update`; or rule 14, the loop stores values.
                unsafe {
                    match OP {
                        op::ADD => $crate::__fetch_add!(V, operand, $symbol),
                        op::SUB => {
                            let negated = combine::<V, { op::SUB }>(::core::mem::zeroed(), operand);
                            $crate::__fetch_add!(V, negated, $symbol)
                        }
                        _ => Self::replace(|old| combine::<V, OP>(old, operand)),
                    }
                }
            }

            #[inline(always)]
            unsafe fn swap<V: $crate::Scalar>(value: V) -> V {
                // SAFETY: as `fetch`. An `xchg` with memory always locks the bus.
                unsafe { Self::replace(|_| value) }
            }

            #[inline(always)]
            unsafe fn compare_exchange<V: $crate::Scalar>(
                current: V,
                new: V,
            ) -> ::core::result::Result<V, V> {
                // SAFETY: rule 10, one instruction, as `update`.
                unsafe {
                    match ::core::mem::size_of::<V>() {
                        1 => $crate::__cmpxchg!("al", reg_byte, ::core::primitive::u8, "{new}", current, new, $symbol),
                        2 => $crate::__cmpxchg!("ax", reg, ::core::primitive::u16, "{new:x}", current, new, $symbol),
                        4 => $crate::__cmpxchg!("eax", reg, ::core::primitive::u32, "{new:e}", current, new, $symbol),
                        _ => $crate::__cmpxchg!("rax", reg, ::core::primitive::u64, "{new}", current, new, $symbol),
                    }
                }
            }
        };
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __load {
        ($bits:ty, $instruction:literal, $symbol:path) => {{
            // Uninitialized as far as the types tell: an integer would drop a pointer's provenance.
            let value: ::core::mem::MaybeUninit<$bits>;
            ::core::arch::asm!(
                ::core::concat!($instruction, $crate::__gs!()),
                value = out(reg) value,
                symbol = sym $symbol,
                options(readonly, nostack, preserves_flags)
            );
            value
        }};
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __store {
        ($class:ident, $bits:ty, $operand:literal, $width:literal, $value:ident, $symbol:path) => {
            ::core::arch::asm!(
                ::core::concat!("mov ", $width, " ptr ", $crate::__gs!(), ", ", $operand),
                value = in($class)
                    ::core::mem::transmute_copy::<V, ::core::mem::MaybeUninit<$bits>>(&$value),
                symbol = sym $symbol,
                options(nostack, preserves_flags)
            )
        };
    }

    /// An instruction chosen by `OP`.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __update {
        ($class:ident, $bits:ty, $operand:literal, $op:ident, $value:ident, $symbol:path) => {
            ::core::arch::asm!(
                ".if {op} == 0",
                ::core::concat!("add ", $crate::__gs!(), ", ", $operand),
                ".elseif {op} == 1",
                ::core::concat!("sub ", $crate::__gs!(), ", ", $operand),
                ".elseif {op} == 2",
                ::core::concat!("and ", $crate::__gs!(), ", ", $operand),
                ".elseif {op} == 3",
                ::core::concat!("or ", $crate::__gs!(), ", ", $operand),
                ".else",
                ::core::concat!("xor ", $crate::__gs!(), ", ", $operand),
                ".endif",
                operand = in($class) ::core::mem::transmute_copy::<V, $bits>(&$value),
                op = const $op,
                symbol = sym $symbol,
                options(nostack)
            )
        };
    }

    /// `inc` or `dec` of the operand's width.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __step {
        ($mnemonic:literal) => {
            ::core::concat!(
                ".if {size} == 1\n",
                $mnemonic,
                " byte ptr ",
                $crate::__gs!(),
                "\n.elseif {size} == 2\n",
                $mnemonic,
                " word ptr ",
                $crate::__gs!(),
                "\n.elseif {size} == 4\n",
                $mnemonic,
                " dword ptr ",
                $crate::__gs!(),
                "\n.else\n",
                $mnemonic,
                " qword ptr ",
                $crate::__gs!(),
                "\n.endif"
            )
        };
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __fetch_add {
        ($ty:ty, $operand:expr, $symbol:path) => {
            match ::core::mem::size_of::<$ty>() {
                1 => $crate::__fetch_add!(@ $ty, reg_byte, ::core::primitive::u8, "{value}", $operand, $symbol),
                2 => $crate::__fetch_add!(@ $ty, reg, ::core::primitive::u16, "{value:x}", $operand, $symbol),
                4 => $crate::__fetch_add!(@ $ty, reg, ::core::primitive::u32, "{value:e}", $operand, $symbol),
                _ => $crate::__fetch_add!(@ $ty, reg, ::core::primitive::u64, "{value}", $operand, $symbol),
            }
        };
        (@ $ty:ty, $class:ident, $bits:ty, $register:literal, $operand:expr, $symbol:path) => {{
            let mut value = ::core::mem::transmute_copy::<$ty, $bits>(&$operand);
            ::core::arch::asm!(
                ::core::concat!("xadd ", $crate::__gs!(), ", ", $register),
                value = inout($class) value,
                symbol = sym $symbol,
                options(nostack)
            );
            ::core::mem::transmute_copy::<$bits, $ty>(&value)
        }};
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __cmpxchg {
        (
            $accumulator:tt, $class:ident, $bits:ty, $register:literal,
            $current:ident, $new:ident, $symbol:path
        ) => {{
            use ::core::mem::{MaybeUninit, transmute_copy};
            // Uninitialized as far as the types tell: an integer would drop a pointer's provenance.
            let found: MaybeUninit<$bits>;
            ::core::arch::asm!(
                ::core::concat!("cmpxchg ", $crate::__gs!(), ", ", $register),
                new = in($class) transmute_copy::<V, MaybeUninit<$bits>>(&$new),
                inout($accumulator) transmute_copy::<V, MaybeUninit<$bits>>(&$current) => found,
                symbol = sym $symbol,
                options(nostack)
            );
            let value = transmute_copy::<MaybeUninit<$bits>, V>(&found);
            if found.assume_init() == transmute_copy::<V, $bits>(&$current) {
                ::core::result::Result::Ok(value)
            } else {
                ::core::result::Result::Err(value)
            }
        }};
    }

    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __current {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. One load from this CPU's area; `add` changes the flags. Not `pure`,
            // since the area changes when the context moves to another CPU.
            unsafe {
                ::core::arch::asm!(
                    "mov {address}, qword ptr gs:[{own}]",
                    "add {address}, offset {symbol}",
                    address = out(reg) address,
                    own = sym $crate::__priv::__PERCPU_SELF_PTR,
                    symbol = sym $symbol,
                    options(readonly, nostack)
                );
            }
            address
        }};
    }

    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __current {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10, as in the default mode.
            unsafe {
                ::core::arch::asm!(
                    "lea {address}, [rip + {symbol}]",
                    "add {address}, qword ptr gs:[rip + {own}]",
                    address = out(reg) address,
                    own = sym $crate::__priv::__PERCPU_SELF_PTR,
                    symbol = sym $symbol,
                    options(readonly, nostack)
                );
            }
            address
        }};
    }
}
