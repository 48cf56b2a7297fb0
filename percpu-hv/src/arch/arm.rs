//! 32-bit Arm (Armv7-A): `TPIDRPRW`, or `HTPIDR` with the feature `arm-hyp`.
//!
//! Register: the thread ID register that PL0 cannot access (Arm ARM DDI 0406, "TPIDRPRW, PL1 only
//! Thread ID Register"), or that of Hyp mode ("HTPIDR, Hyp Software Thread ID Register"). Hardware
//! never uses either.
//!
//! A guest at PL1 owns `TPIDRPRW`. A hypervisor that uses it must save and restore it around a guest.
//! Only Hyp mode can access `HTPIDR`, so the register survives every guest. Elsewhere it is UNDEFINED.
//!
//! Default mode: the register holds the base. The template starts at a multiple of 64 KiB, so the low
//! 16 bits of a symbol are its offset. The relocation does not check its range; percpu.x and init do.
//!
//! ```text
//! movw r0, #:lower16:__PERCPU_X
//! mrc  p15, 0, r1, c13, c0, 4
//! ldr  r0, [r1, r0]
//! ```
//!
//! `non-zero-vma`: the register is biased. The template is at any address, which the compiler forms as that of any
//! static. In position-independent code that is a literal behind the function, and an addition or a load from the GOT.
//! Access in assembly has no literals, and takes an instruction more.
//!
//! ```text
//! ldr  r1, 2f                             movw r1, #:lower16:(__PERCPU_X - (1f + 8))
//! 1: add r1, pc, r1                       movt r1, #:upper16:(__PERCPU_X - (1f + 8))
//!                                         1: add r1, pc, r1
//! mrc  p15, 0, r0, c13, c0, 4             mrc  p15, 0, r0, c13, c0, 4
//! ldr  r0, [r0, r1]                       ldr  r0, [r0, r1]
//! ```
//!
//! Read-modify-writes are loops of `ldrex` and `strex` on as many bytes as the variable has. Neither a store
//! of the same CPU nor a return from an exception has to end the reservation ("Synchronization and
//! semaphores", "Context switch support"). Every exit from an exception must therefore run a `clrex`.
//! Otherwise the loop overwrites what a handler stored to the variable. A context switch must run a `clrex`
//! too.

pub(crate) mod interrupts {
    // IRQ and FIQ. The control field of `CPSR` holds their masks and the mode, which is unchanged at `restore`. The
    // flags are in another field.
    interrupts! { mask = "mrs {to}, cpsr\ncpsid if", restore = "msr cpsr_c, {value}", bits = usize::MAX }
}

/// Accesses to 64 bits by one instruction. It is one access on a CPU with the Large Physical Address
/// Extension, which all CPUs with the Virtualization Extensions have ("Single-copy atomicity"). On an
/// older CPU it is two.
pub(crate) mod double {
    use core::arch::asm;
    use core::mem::transmute;
    use core::sync::atomic::AtomicUsize;

    /// Loads two words, each in one access.
    #[cfg_attr(
        feature = "sp-naive",
        allow(dead_code, reason = "one CPU has one area")
    )]
    #[inline(always)]
    pub(crate) fn load_words(words: &[AtomicUsize; 2]) -> [usize; 2] {
        let (first, second): (usize, usize);
        // SAFETY: rule 10, one load. Not `pure`: another CPU may store to them.
        unsafe {
            asm!(
                "ldrd r2, r3, [{}]", in(reg) words.as_ptr(), out("r2") first, out("r3") second,
                options(readonly, nostack, preserves_flags)
            );
        }
        [first, second]
    }

    /// # Safety
    ///
    /// There is an aligned `u64` at `address` that may be read.
    #[inline(always)]
    pub(crate) unsafe fn load(address: usize) -> u64 {
        let (first, second): (u32, u32);
        // SAFETY: rule 10, one load. Not `pure`: a handler or another CPU may store to it.
        unsafe {
            asm!(
                "ldrd r0, r1, [{}]", in(reg) address, out("r0") first, out("r1") second,
                options(readonly, nostack, preserves_flags)
            );
        }
        // SAFETY: rule 14, every bit pattern is a `u64`; the words are in the order of their addresses.
        unsafe { transmute::<[u32; 2], u64>([first, second]) }
    }

    /// # Safety
    ///
    /// There is an aligned `u64` at `address` that may be written.
    #[inline(always)]
    pub(crate) unsafe fn store(address: usize, value: u64) {
        // SAFETY: rule 14, as `load`.
        let [first, second] = unsafe { transmute::<u64, [u32; 2]>(value) };
        // SAFETY: rule 10, one store.
        unsafe {
            asm!(
                "strd r0, r1, [{}]", in(reg) address, in("r0") first, in("r1") second,
                options(nostack, preserves_flags)
            );
        }
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use crate::arch::emit::Mode;

    pub(crate) const DEFAULT_MODE: Mode = Mode::Plain {
        reach: 1 << 16,
        hot: None,
    };

    register! {
        read = crate::__thread_id!("mrc", "{to}"),
        write = crate::__thread_id!("mcr", "{value}")
    }

    /// The mode field of the CPSR, and its value in Hyp mode ("ARM processor modes").
    const MODE_MASK: usize = 0x1f;
    const MODE_HYP: usize = 0x1a;

    #[track_caller]
    pub(crate) fn assert_register_accessible() {
        #[cfg(feature = "arm-hyp")]
        assert!(
            in_hyp_mode(),
            "percpu-hv is built for Hyp mode but does not run in it, where HTPIDR is UNDEFINED; build \
             the whole image without the feature `arm-hyp`, or boot it in Hyp mode"
        );
    }

    #[track_caller]
    pub(crate) fn assert_register_is_own() {
        assert_register_accessible();
        #[cfg(not(feature = "arm-hyp"))]
        assert!(
            !in_hyp_mode(),
            "percpu-hv is built for SVC mode but runs in Hyp mode, where a guest owns TPIDRPRW; build the \
             whole image with the feature `arm-hyp` of percpu-hv, or leave Hyp mode before init"
        );
    }

    /// Returns `MPIDR`.
    pub(crate) fn hardware_id() -> Option<usize> {
        Some(read!("mrc p15, 0, {to}, c0, c0, 5"))
    }

    /// Exclusives are only guaranteed on Normal memory ("Synchronization and semaphores"). Data is Normal
    /// memory once the MMU and the data cache are on: bits M and C of `SCTLR`, or of `HSCTLR` in Hyp mode.
    pub(crate) fn memory_is_normal() -> bool {
        const M_AND_C: usize = 1 << 0 | 1 << 2;
        let control = if in_hyp_mode() {
            read!("mrc p15, 4, {to}, c1, c0, 0")
        } else {
            read!("mrc p15, 0, {to}, c1, c0, 0")
        };
        control & M_AND_C == M_AND_C
    }

    fn in_hyp_mode() -> bool {
        read!("mrs {to}, cpsr") & MODE_MASK == MODE_HYP
    }

    /// No form: an offset in a register takes as few instructions.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct_form {
        ($($place:tt)*) => {};
    }
}

/// The coprocessor register that is the per-CPU register, with a place for the general register.
#[cfg(not(feature = "arm-hyp"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_id {
    ($move:literal, $register:expr) => {
        $crate::__core::concat!($move, " p15, 0, ", $register, ", c13, c0, 4")
    };
}

/// The coprocessor register that is the per-CPU register, with a place for the general register.
#[cfg(feature = "arm-hyp")]
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_id {
    ($move:literal, $register:expr) => {
        $crate::__core::concat!($move, " p15, 4, ", $register, ", c13, c0, 2")
    };
}

#[cfg(not(any(feature = "non-zero-vma", feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (register $to:tt) => {
        $crate::__lines! { [{$crate::__thread_id!("mrc", $crate::__register!($to))}] }
    };
    (displacement $group:ident $to:tt $symbol:expr) => {
        $crate::__lines! { ["movw " ($to) ", #:lower16:" $symbol] }
    };
    (address $to:tt $symbol:expr) => {
        $crate::__lines! { ["movw " ($to) ", #:lower16:" $symbol] ["movt " ($to) ", #:upper16:" $symbol] }
    };
    (reach [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__linked!(displacement any $offset $symbol)
    };
}

/// The PC reads as the instruction's address plus 8. The distance of a GOT slot is a word in the code.
#[cfg(all(feature = "non-zero-vma", not(feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (register $to:tt) => {
        $crate::__lines! { [{$crate::__thread_id!("mrc", $crate::__register!($to))}] }
    };
    (address $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["movw " ($to) ", #:lower16:(" $symbol " - (19283f + 8))"]
            ["movt " ($to) ", #:upper16:(" $symbol " - (19283f + 8))"]
            ["19283: add " ($to) ", pc, " ($to)]
        }
    };
    (slot $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["ldr " ($to) ", 3f"]
            ["2: ldr " ($to) ", [pc, " ($to) "]"]
            ["b 4f"]
            ["3: .long " $symbol "(GOT_PREL) - (2b + 8 - 3b)"]
            ["4:"]
        }
    };
    (reach [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__linked!(address $offset $symbol)
    };
}

/// The one copy is the symbol.
#[cfg(feature = "sp-naive")]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (register $to:tt) => {
        ""
    };
    (reach [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__lines! {
            ["movw " ($offset) ", #:lower16:(" $symbol " - (19283f + 8))"]
            ["movt " ($offset) ", #:upper16:(" $symbol " - (19283f + 8))"]
            ["19283: mov " ($base) ", pc"]
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    (reach $group:ident $($copy:tt)*) => { $crate::__linked!(reach $($copy)*) };
    (register $to:tt) => { $crate::__linked!(register $to) };
    (address $group:ident $to:tt [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__lines! { ["add " ($to) ", " ($base) ", " ($offset)] }
    };
    (load byte $($move:tt)*) => { $crate::__text!(move "ldrb " $($move)*) };
    (load half $($move:tt)*) => { $crate::__text!(move "ldrh " $($move)*) };
    (load word $($move:tt)*) => { $crate::__text!(move "ldr " $($move)*) };
    (load unsigned $($move:tt)*) => { $crate::__text!(move "ldr " $($move)*) };
    (store byte $($move:tt)*) => { $crate::__text!(move "strb " $($move)*) };
    (store half $($move:tt)*) => { $crate::__text!(move "strh " $($move)*) };
    (store word $($move:tt)*) => { $crate::__text!(move "str " $($move)*) };
    (add [$($by_parts:tt)*] double $group:ident $value:tt [$offset:tt $base:tt] $symbol:expr, $addend:literal) => {
        $crate::__lines! {
            // The assembler would drop the high half of the immediate.
            [".if " $addend " > 0xffffffff || " $addend " < -0xffffffff"]
            [".error \"percpu-hv: an addition on 32-bit Arm takes a constant of 32 bits\""]
            [".endif"]
            ["add " ($offset) ", " ($base) ", " ($offset)]
            // The addition carries through the flags, which stay as they are.
            ["mrs " ($base) ", APSR"]
            ["ldr " ($value) ", [" ($offset) "]"]
            ["adds " ($value) ", " ($value) ", #" $addend]
            ["str " ($value) ", [" ($offset) "]"]
            ["ldr " ($value) ", [" ($offset) ", #4]"]
            // A negative addend has a high half of ones.
            [".if " $addend " < 0"]
            ["sbc " ($value) ", " ($value) ", #0"]
            [".else"]
            ["adc " ($value) ", " ($value) ", #0"]
            [".endif"]
            ["str " ($value) ", [" ($offset) ", #4]"]
            ["msr APSR_nzcvq, " ($base)]
        }
    };
    (add [$($by_parts:tt)*] $($add:tt)*) => { $($by_parts)*!($($add)*) };
    (move $mnemonic:literal $group:ident $register:tt [$offset:tt $base:tt] $symbol:expr) => {
        $crate::__lines! { [$mnemonic ($register) ", [" ($base) ", " ($offset) "]"] }
    };
    (increase $width:ident $value:tt $addend:literal) => {
        $crate::__lines! { ["add " ($value) ", " ($value) ", #" $addend] }
    };
}

// An access in assembly takes a register for the offset, and one for the value of the per-CPU register.
general_registers! {
    $ access offset_and_base prefix "" whole ""
    r0 r1 r2 r3 r4 r5 r6 r7
    r8 r9 r10 r11 r12 lr
}
