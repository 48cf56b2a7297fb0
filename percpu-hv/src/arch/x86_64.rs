//! x86_64: `GS_BASE`.
//!
//! Register: the base of the segment `gs` (Intel SDM vol. 3A, "Segment Loading Instructions in
//! IA-32e Mode"; `IA32_GS_BASE`, MSR C000_0101H). It is always biased.
//!
//! User code changes the register when it loads a selector into `gs` or runs `wrgsbase`. Every entry
//! from user mode therefore runs `swapgs` first. A VM exit loads the register from the VMCS field
//! `HOST_GS_BASE` (SDM vol. 3C, "Host-State Area"), which the hypervisor writes on each CPU. SVM's
//! `#VMEXIT` leaves the guest's value in it, until `vmload` or `wrmsr` restores the host's (AMD64 APM
//! vol. 2, "VMSAVE and VMLOAD Instructions").
//!
//! Default mode: `gs:[sym]` with a signed 32-bit address. The template is at VMA 0, in the low
//! 2 GiB or in the top 2 GiB. Both the linker (`R_X86_64_32S`) and init check this range.
//!
//! `non-zero-vma`: `gs:[rip + sym]`. The template is within 2 GiB of the code, which the linker
//! checks.
//!
//! ```text
//! mov rax, gs:[__PERCPU_X]            a scalar, one instruction in both modes
//!
//! mov rax, gs:[__percpu_hv_header]    a pointer
//! add rax, offset __PERCPU_X
//!
//! lea rax, [rip + __PERCPU_X]         a pointer with `non-zero-vma`
//! add rax, gs:[rip + __percpu_hv_header]
//! ```
//!
//! A read-modify-write is one instruction, or a loop of `cmpxchg`, which sees a handler's store. So a
//! trap handler has no duty here.

#[cfg(target_os = "linux")]
mod linux_gs;
#[cfg(target_os = "linux")]
pub(crate) use linux_gs::interrupts;

#[cfg(not(target_os = "linux"))]
pub(crate) mod interrupts {
    use core::arch::asm;

    /// `RFLAGS.IF` (SDM vol. 1, "System Flags and IOPL Field").
    const IF: usize = 1 << 9;

    /// Masks maskable interrupts, and returns the previous mask.
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        let state: usize;
        // SAFETY: rule 10. Not `nostack`: the flags pass through the stack. Not `nomem`: no access
        // may move out of the masked section.
        unsafe { asm!("pushfq", "pop {}", "cli", out(reg) state, options(preserves_flags)) };
        state & IF
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] returned on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        if state != 0 {
            // SAFETY: rule 10. Not `nomem`: no access may move out of the masked section.
            unsafe { asm!("sti", options(nostack, preserves_flags)) };
        }
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use crate::arch::emit::Mode;

    unsafe extern "C" {
        /// The header of an area, whose first field is the register's value. A load relative to `gs` is the only fast
        /// way to read that value.
        pub static mut __percpu_hv_header: usize;
    }

    /// Hot variables are accessed like all others. The linker checks the range of every reference, but not of the whole
    /// template.
    pub(crate) const DEFAULT_MODE: Mode = Mode::Biased { hot: None };

    pub(crate) const REGISTER_IS_IN_AREA: bool = true;

    macro_rules! own_pointer {
        ($($option:ident),*) => {{
            let to: usize;
            // SAFETY: rules 2 and 10, one load from this CPU's area.
            unsafe {
                core::arch::asm!(
                    crate::__text!(load double variables {to} [] "{symbol}+{offset}"),
                    to = out(reg) to,
                    symbol = sym __percpu_hv_header,
                    offset = const 0,
                    options($($option,)* nostack, preserves_flags)
                );
            }
            to
        }};
    }

    #[inline(always)]
    pub(crate) fn register_for_access() -> usize {
        // Not `pure`: the area changes when the context moves to another CPU.
        own_pointer!(readonly)
    }

    #[inline(always)]
    pub(crate) fn register_for_pin() -> usize {
        // `pure`: an unused read is dropped. The read stays between the calls around it, any of which
        // may move the context to another CPU.
        own_pointer!(pure, readonly)
    }

    pub(crate) use gs_base::register;

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    #[inline]
    pub(crate) unsafe fn set_register(value: usize) {
        // SAFETY: rule 2 is the caller's.
        unsafe { gs_base::set(value) };
    }

    #[cfg(target_os = "linux")]
    use super::linux_gs::gs_base;

    /// The register in ring 0.
    #[cfg(not(target_os = "linux"))]
    mod gs_base {
        use core::arch::asm;

        /// `IA32_GS_BASE` (SDM vol. 4, "Architectural MSRs").
        const IA32_GS_BASE: u32 = 0xc000_0101;

        /// `CR4.FSGSBASE` (SDM vol. 3A, "Control Registers"): `rdgsbase` and `wrgsbase` are enabled.
        const CR4_FSGSBASE: usize = 1 << 16;

        pub(crate) fn register() -> Option<usize> {
            let (low, high): (u32, u32);
            // SAFETY: rule 10. The MSR exists on every x86_64 and its read has no effect. Not `pure`:
            // the value differs between CPUs.
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
            let cr4 = read!("mov {to}, cr4");
            // SAFETY: rule 10. Not `nomem`: later accesses go to another area.
            unsafe {
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

    always_accessible!();

    /// Locked instructions and unaligned accesses work in every mode of the MMU.
    pub(crate) const fn memory_is_normal() -> bool {
        true
    }

    /// The APIC id (SDM vol. 2A, "CPUID": leaf 0BH, or leaf 1 without it).
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn hardware_id() -> Option<usize> {
        // The function is unsafe before Rust 1.94.
        #[allow(unused_unsafe)]
        let cpuid = |leaf| {
            // SAFETY: rule 10, every x86_64 has the instruction.
            unsafe { core::arch::x86_64::__cpuid_count(leaf, 0) }
        };
        let topology = (cpuid(0).eax >= 0xb).then(|| cpuid(0xb));
        match topology {
            Some(topology) if topology.ebx != 0 => Some(topology.edx as usize),
            _ => Some((cpuid(1).ebx >> 24) as usize),
        }
    }

    /// Calls a macro with the width of `V`, the register class and integer type of that width, and the register that
    /// `cmpxchg` compares.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __by_width {
        ($operation:ident $($argument:tt)*) => {
            match $crate::__core::mem::size_of::<V>() {
                1 => $crate::$operation!(byte reg_byte $crate::__core::primitive::u8, "al", $($argument)*),
                2 => $crate::$operation!(half reg $crate::__core::primitive::u16, "ax", $($argument)*),
                4 => $crate::$operation!(word reg $crate::__core::primitive::u32, "eax", $($argument)*),
                _ => $crate::$operation!(double reg $crate::__core::primitive::u64, "rax", $($argument)*),
            }
        };
    }

    /// A pointer takes two instructions, and every other access one.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct_form {
        ([$($form:tt)*] $($place:tt)*) => { $($form)*! { memory reg_byte $($place)* } };
    }
}

#[cfg(not(any(feature = "non-zero-vma", feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (displacement $group:ident $to:tt $symbol:expr) => {
        $crate::__lines! { ["mov " ($to) ", offset " $symbol] }
    };
    // A kernel linked at a high address cannot reach a template at VMA 0 relative to the PC.
    (address $to:tt $symbol:expr) => {
        $crate::__lines! { ["movabs " ($to) ", offset " $symbol] }
    };
    // An address that is sign-extended from 32 bits.
    (copy $symbol:expr) => {
        $crate::__core::concat!("gs:[", $symbol, "]")
    };
    (displaced $address:expr) => {
        $crate::__core::concat!("gs:[", $address, "]")
    };
    (current $to:tt $own:literal $symbol:expr) => {
        $crate::__lines! { ["mov " ($to) ", gs:[" $own "]"] ["add " ($to) ", offset " $symbol] }
    };
}

#[cfg(all(feature = "non-zero-vma", not(feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (address $to:tt $symbol:expr) => {
        $crate::__lines! { ["lea " ($to) ", [rip + " $symbol "]"] }
    };
    (slot $to:tt $symbol:expr) => {
        $crate::__lines! { ["mov " ($to) ", [rip + " $symbol "@GOTPCREL]"] }
    };
    (copy $symbol:expr) => {
        $crate::__core::concat!("gs:[rip + ", $symbol, "]")
    };
    (displaced $address:expr) => {
        $crate::__core::concat!("gs:[", $address, "]")
    };
    (current $to:tt $own:literal $symbol:expr) => {
        $crate::__lines! { ["lea " ($to) ", [rip + " $symbol "]"] ["add " ($to) ", gs:[rip + " $own "]"] }
    };
}

/// The one copy is the symbol.
#[cfg(feature = "sp-naive")]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (copy $symbol:expr) => {
        $crate::__core::concat!("[rip + ", $symbol, "]")
    };
    (current $to:tt $own:literal $symbol:expr) => {
        $crate::__lines! { ["lea " ($to) ", [rip + " $symbol "]"] }
    };
}

/// The memory operand is this CPU's copy. The assembler selects an instruction by `{op}`, one of
/// [`op`](crate::__priv::op).
#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    (reach $($copy:tt)*) => { "" };
    (address $group:ident $to:tt [] $symbol:expr) => { $crate::__linked!(current $to "__percpu_hv_header" $symbol) };
    (load $width:ident $group:ident $to:tt [] $symbol:expr) => {
        $crate::__on_copy!(load $width $to, $crate::__linked!(copy $symbol))
    };
    (store byte $group:ident $($store:tt)*) => { $crate::__text!(store l $($store)*) };
    (store half $group:ident $($store:tt)*) => { $crate::__text!(store x $($store)*) };
    (store word $group:ident $($store:tt)*) => { $crate::__text!(store e $($store)*) };
    (store double $group:ident $($store:tt)*) => { $crate::__text!(store r $($store)*) };
    (store $view:ident $from:tt [] $symbol:expr) => {
        $crate::__lines! { ["mov " {$crate::__linked!(copy $symbol)} ", " ($view $from)] }
    };
    (add [$($by_parts:tt)*] byte $($add:tt)*) => { $crate::__text!(add "byte ptr " $($add)*) };
    (add [$($by_parts:tt)*] half $($add:tt)*) => { $crate::__text!(add "word ptr " $($add)*) };
    (add [$($by_parts:tt)*] word $($add:tt)*) => { $crate::__text!(add "dword ptr " $($add)*) };
    (add [$($by_parts:tt)*] double $($add:tt)*) => { $crate::__text!(add "qword ptr " $($add)*) };
    (add $size:literal $group:ident $none:tt [] $symbol:expr, $addend:literal) => {
        $crate::__lines! { ["add " $size {$crate::__linked!(copy $symbol)} ", " $addend] }
    };
}

/// An instruction on a copy, which is a memory operand. A load takes the register that it writes; the others have the
/// operands `{value}` and `{op}`.
#[doc(hidden)]
#[macro_export]
macro_rules! __on_copy {
    (load byte $to:tt, $copy:expr) => { $crate::__lines! { ["movzx " (e $to) ", byte ptr " {$copy}] } };
    (load half $to:tt, $copy:expr) => { $crate::__lines! { ["movzx " (e $to) ", word ptr " {$copy}] } };
    (load double $to:tt, $copy:expr) => { $crate::__lines! { ["mov " (r $to) ", " {$copy}] } };
    (load $width:ident $to:tt, $copy:expr) => { $crate::__lines! { ["mov " (e $to) ", " {$copy}] } };
    (store $width:ident $to:tt, $copy:expr) => { $crate::__on_copy!(change "mov " $width, $copy) };
    (fetch_add $width:ident $to:tt, $copy:expr) => { $crate::__on_copy!(change "xadd " $width, $copy) };
    (compare_exchange $width:ident $to:tt, $copy:expr) => { $crate::__on_copy!(change "cmpxchg " $width, $copy) };
    (swap byte $to:tt, $copy:expr) => { $crate::__on_copy!(exchange byte "movzx eax, byte ptr ", $copy) };
    (swap half $to:tt, $copy:expr) => { $crate::__on_copy!(exchange half "movzx eax, word ptr ", $copy) };
    (swap word $to:tt, $copy:expr) => { $crate::__on_copy!(exchange word "mov eax, ", $copy) };
    (swap double $to:tt, $copy:expr) => { $crate::__on_copy!(exchange double "mov rax, ", $copy) };
    // `xchg` with memory locks the bus, which takes longer than this loop.
    (exchange $width:ident $load:literal, $copy:expr) => {
        $crate::__lines! {
            [$load {$copy}]
            ["2:"]
            ["cmpxchg " {$copy} ", " {$crate::__value!($width)}]
            ["jne 2b"]
        }
    };
    (change $mnemonic:literal $width:ident, $copy:expr) => {
        $crate::__lines! { [$mnemonic {$copy} ", " {$crate::__value!($width)}] }
    };
    (update $width:ident $to:tt, $copy:expr) => {
        $crate::__lines! {
            [".if {op} == 0"]
            ["add " {$copy} ", " {$crate::__value!($width)}]
            [".elseif {op} == 1"]
            ["sub " {$copy} ", " {$crate::__value!($width)}]
            [".elseif {op} == 2"]
            ["and " {$copy} ", " {$crate::__value!($width)}]
            [".elseif {op} == 3"]
            ["or " {$copy} ", " {$crate::__value!($width)}]
            [".else"]
            ["xor " {$copy} ", " {$crate::__value!($width)}]
            [".endif"]
        }
    };
    (step byte $to:tt, $copy:expr) => { $crate::__on_copy!(step "byte ptr ", $copy) };
    (step half $to:tt, $copy:expr) => { $crate::__on_copy!(step "word ptr ", $copy) };
    (step word $to:tt, $copy:expr) => { $crate::__on_copy!(step "dword ptr ", $copy) };
    (step double $to:tt, $copy:expr) => { $crate::__on_copy!(step "qword ptr ", $copy) };
    (step $size:literal, $copy:expr) => {
        $crate::__lines! {
            [".if {op} == 0"]
            ["inc " $size {$copy}]
            [".else"]
            ["dec " $size {$copy}]
            [".endif"]
        }
    };
}

/// The operand `{value}`, by the name that its register has at a width.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    (half) => {
        "{value:x}"
    };
    (word) => {
        "{value:e}"
    };
    ($width:ident) => {
        "{value}"
    };
}

// An access in assembly takes no register: the memory operand names the per-CPU register.
general_registers! {
    $ access no_register prefix "" whole ""
    rax { l "al" x "ax" e "eax" r "rax" } rbx { l "bl" x "bx" e "ebx" r "rbx" }
    rcx { l "cl" x "cx" e "ecx" r "rcx" } rdx { l "dl" x "dx" e "edx" r "rdx" }
    rsi { l "sil" x "si" e "esi" r "rsi" } rdi { l "dil" x "di" e "edi" r "rdi" }
    rbp { l "bpl" x "bp" e "ebp" r "rbp" } r8 { l "r8b" x "r8w" e "r8d" r "r8" }
    r9 { l "r9b" x "r9w" e "r9d" r "r9" } r10 { l "r10b" x "r10w" e "r10d" r "r10" }
    r11 { l "r11b" x "r11w" e "r11d" r "r11" } r12 { l "r12b" x "r12w" e "r12d" r "r12" }
    r13 { l "r13b" x "r13w" e "r13d" r "r13" } r14 { l "r14b" x "r14w" e "r14d" r "r14" }
    r15 { l "r15b" x "r15w" e "r15d" r "r15" }
}
