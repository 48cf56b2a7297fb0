//! LoongArch64: `$r21`.
//!
//! Register: general register 21. The psABI reserves it, and compiled code never uses it. The Linux
//! kernel keeps its per-CPU base there too (Documentation/arch/loongarch/introduction). The register
//! is biased.
//!
//! A user process and a guest have their own `$r21`. Every entry from one of them restores the
//! kernel's value from a `CSR.SAVE` register before it uses per-CPU data.
//!
//! Default mode: `lu12i.w` and `ori` form an address that is sign-extended from 32 bits. The template
//! is at VMA 0 or within 2 GiB of 0. The linker checks every reference, and init checks the template.
//!
//! `non-zero-vma`: `pcalau12i`. The template is within 2 GiB of the code, which the linker checks.
//!
//! ```text
//! lu12i.w $a0, %abs_hi20(__PERCPU_X)        pcalau12i $a0, %pc_hi20(__PERCPU_X)
//! ori     $a0, $a0, %abs_lo12(__PERCPU_X)   addi.d    $a0, $a0, %pc_lo12(__PERCPU_X)
//! ldx.d   $a0, $a0, $r21                    ldx.d     $a0, $a0, $r21
//! ```
//!
//! With a small template too the register holds the base, and the template starts at a page. A hot variable takes one
//! instruction in both modes, `ld.d $a0, $r21, %pc_lo12(__PERCPU_X)`.
//!
//! A read-modify-write of less than 32 bits, and `compare_exchange`, are loops of `ll` and `sc` on a whole
//! word. A loop sees what a handler stores to the word, because the handler's `ertn` clears the `LLbit`.
//! A handler must not set `CSR.LLBCTL.KLO`, which keeps the bit (reference manual, volume 1, "LLBit
//! Control"). A context switch without an `ertn` must write 1 to `CSR.LLBCTL.WCLLB`.

pub(crate) mod interrupts {
    use core::arch::asm;

    /// `CSR.CRMD.IE`, the global interrupt enable (reference manual, volume 1, "Current Mode
    /// Information").
    const IE: usize = 1 << 2;

    /// Masks all interrupts, and returns the previous mask.
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        // SAFETY: rule 10, clears the bit.
        unsafe { exchange(0) }
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] returned on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        // SAFETY: rule 10, restores the bit.
        unsafe { exchange(state) };
    }

    #[inline(always)]
    unsafe fn exchange(mut state: usize) -> usize {
        // SAFETY: rule 10, only the bit `IE` changes. The mask is in a fixed register: with `$r0` or `$r1`
        // the encoding is another instruction's ("CSRRD, CSRWR, CSRXCHG"), and the compiler may choose
        // `$r1`. Not `nomem`: no access may move out of the masked section.
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
    use crate::arch::emit::Mode;

    pub(crate) const DEFAULT_MODE: Mode = Mode::Biased { hot: Some(1 << 11) };

    register! { read = "move {to}, $r21", write = "move $r21, {value}", add = "add.d {to}, {distance}, $r21" }

    /// `CSR.CPUID` (reference manual, volume 1, "CPU Identity").
    pub(crate) fn hardware_id() -> Option<usize> {
        Some(read!("csrrd {to}, 0x20"))
    }

    always_accessible!();

    /// `ll` and `sc` are only defined on cached memory (reference manual, volume 1, "LL.{W/D}, SC.{W/D}").
    /// Data is cached in mapped address translation mode. In direct mode it is cached if `CSR.CRMD.DATM`
    /// is 1, which it is not after reset.
    pub(crate) fn memory_is_normal() -> bool {
        let crmd = read!("csrrd {to}, 0x0");
        let (mapped, direct_access_type) = (crmd >> 4 & 1 == 1, crmd >> 7 & 0b11);
        mapped || direct_access_type == 1
    }

    /// Each access takes three instructions, and one for a hot variable.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct_form {
        ([$($form:tt)*] $($place:tt)*) => { $($form)*! { name $($place)* } };
    }
}

#[cfg(not(any(feature = "non-zero-vma", feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (displacement hot $to:tt $symbol:expr) => {
        $crate::__core::concat!($crate::__mark_hot!(), $crate::__lines! { ["ori " ($to) ", $zero, %abs_lo12(" $symbol ")"] })
    };
    (displacement $group:ident $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["lu12i.w " ($to) ", %abs_hi20(" $symbol ")"]
            ["ori " ($to) ", " ($to) ", %abs_lo12(" $symbol ")"]
        }
    };
    // A kernel linked at a high address cannot reach a template at VMA 0 relative to the PC.
    (address $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["lu12i.w " ($to) ", %abs_hi20(" $symbol ")"]
            ["ori " ($to) ", " ($to) ", %abs_lo12(" $symbol ")"]
            ["lu32i.d " ($to) ", %abs64_lo20(" $symbol ")"]
            ["lu52i.d " ($to) ", " ($to) ", %abs64_hi12(" $symbol ")"]
        }
    };
    // A hot variable's address is an immediate, because the template is at VMA 0.
    (reach hot [$offset:tt] $symbol:expr) => { $crate::__mark_hot!() };
    (reach $group:ident [$offset:tt] $symbol:expr) => { $crate::__linked!(displacement any $offset $symbol) };
    // With an index, `offset` is set for a hot variable too.
    (reach hot [$offset:tt $index:tt] $symbol:expr) => {
        $crate::__core::concat!($crate::__mark_hot!(), $crate::__lines! { ["add.d " ($offset) ", " ($index) ", $r21"] })
    };
    (reach $group:ident [$offset:tt $index:tt] $symbol:expr) => {
        $crate::__core::concat!(
            $crate::__linked!(displacement any $offset $symbol),
            $crate::__lines! { ["add.d " ($offset) ", " ($offset) ", " ($index)] }
        )
    };
    (access $($access:tt)*) => { $crate::__access!($($access)*) };
}

/// The low bits of a hot variable's address are its offset.
#[cfg(any(not(feature = "non-zero-vma"), paged))]
#[doc(hidden)]
#[macro_export]
macro_rules! __access {
    (hot_beyond $indexed:literal $immediate:literal $register:tt [$offset:tt] $symbol:expr) => {
        $crate::__lines! { [$immediate ($register) ", " ($offset) ", %pc_lo12(" $symbol ")"] }
    };
    (hot $indexed:literal $immediate:literal $register:tt [$offset:tt] $symbol:expr) => {
        $crate::__lines! { [$immediate ($register) ", $r21, %pc_lo12(" $symbol ")"] }
    };
    ($group:ident $indexed:literal $immediate:literal $register:tt [$offset:tt] $symbol:expr) => {
        $crate::__lines! { [$indexed ($register) ", " ($offset) ", $r21"] }
    };
}

#[cfg(all(feature = "non-zero-vma", not(feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (address $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["pcalau12i " ($to) ", %pc_hi20(" $symbol ")"]
            ["addi.d " ($to) ", " ($to) ", %pc_lo12(" $symbol ")"]
        }
    };
    (slot $to:tt $symbol:expr) => {
        $crate::__lines! {
            ["pcalau12i " ($to) ", %got_pc_hi20(" $symbol ")"]
            ["ld.d " ($to) ", " ($to) ", %got_pc_lo12(" $symbol ")"]
        }
    };
    ($($access:tt)*) => { $crate::__anywhere!($($access)*) };
}

/// A register holds the address.
#[cfg(all(feature = "non-zero-vma", not(any(feature = "sp-naive", paged))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __anywhere {
    (reach $group:ident [$offset:tt] $symbol:expr) => { $crate::__linked!(address $offset $symbol) };
    (reach $group:ident [$offset:tt $index:tt] $symbol:expr) => {
        $crate::__core::concat!(
            $crate::__linked!(address $offset $symbol),
            $crate::__lines! { ["add.d " ($offset) ", " ($offset) ", " ($index)] }
        )
    };
    (access $group:ident $indexed:literal $immediate:literal $register:tt [$offset:tt] $symbol:expr) => {
        $crate::__lines! { [$indexed ($register) ", " ($offset) ", $r21"] }
    };
}

/// A hot variable's offset is an immediate. For the others a register holds the distance from the template's start,
/// which is a word near the code: no relocation of an instruction yields it.
#[cfg(paged)]
#[doc(hidden)]
#[macro_export]
macro_rules! __anywhere {
    (distance $to:tt $scratch:tt $symbol:expr) => {
        $crate::__core::concat!($crate::__anywhere!(reach none [$to] $symbol), "/* ", $crate::__register!($scratch), " */")
    };
    (low $to:tt $symbol:expr) => {
        $crate::__lines! { ["addi.d " ($to) ", $zero, %pc_lo12(" $symbol ")"] }
    };
    (reach hot [$offset:tt] $symbol:expr) => { "" };
    (reach $group:ident [$offset:tt] $symbol:expr) => {
        $crate::__core::concat!(
            ".pushsection .rodata.percpu_hv, \"a\"\n.balign 4\n3: .word ", $symbol, " - ", $crate::__template_start!(),
            "\n.popsection\n",
            $crate::__lines! {
                ["pcalau12i " ($offset) ", %pc_hi20(3b)"]
                ["ld.w " ($offset) ", " ($offset) ", %pc_lo12(3b)"]
            }
        )
    };
    (reach hot [$offset:tt $index:tt] $symbol:expr) => {
        $crate::__lines! { ["add.d " ($offset) ", " ($index) ", $r21"] }
    };
    (reach $group:ident [$offset:tt $index:tt] $symbol:expr) => {
        $crate::__core::concat!(
            $crate::__anywhere!(reach $group [$offset] $symbol),
            $crate::__lines! { ["add.d " ($offset) ", " ($offset) ", " ($index)] }
        )
    };
    (access $($access:tt)*) => { $crate::__access!($($access)*) };
}

/// The one copy is the symbol.
#[cfg(feature = "sp-naive")]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (reach $group:ident [$base:tt] $symbol:expr) => {
        $crate::__lines! { ["pcalau12i " ($base) ", %pc_hi20(" $symbol ")"] }
    };
    (access $group:ident $indexed:literal $immediate:literal $register:tt [$base:tt] $symbol:expr) => {
        $crate::__lines! { [$immediate ($register) ", " ($base) ", %pc_lo12(" $symbol ")"] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    (reach $($copy:tt)*) => { $crate::__linked!(reach $($copy)*) };
    (address $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "add.d " "addi.d " $($copy)*) };
    (load byte $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "ldx.bu " "ld.bu " $($copy)*) };
    (load half $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "ldx.hu " "ld.hu " $($copy)*) };
    (load word $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "ldx.w " "ld.w " $($copy)*) };
    (load unsigned $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "ldx.wu " "ld.wu " $($copy)*) };
    (load double $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "ldx.d " "ld.d " $($copy)*) };
    (store byte $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "stx.b " "st.b " $($copy)*) };
    (store half $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "stx.h " "st.h " $($copy)*) };
    (store word $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "stx.w " "st.w " $($copy)*) };
    (store double $group:ident $($copy:tt)*) => { $crate::__linked!(access $group "stx.d " "st.d " $($copy)*) };
    (add [$($by_parts:tt)*] $($add:tt)*) => { $($by_parts)*!($($add)*) };
    (increase $width:ident $value:tt $addend:literal) => {
        $crate::__lines! { ["addi.d " ($value) ", " ($value) ", " $addend] }
    };
}

// An access in assembly takes one register, and names the per-CPU register.
general_registers! {
    $ access one_register prefix "$" whole ""
    a0 a1 a2 a3 a4 a5 a6 a7
    t0 t1 t2 t3 t4 t5 t6 t7
    t8 s0 s1 s2 s3 s4 s5 s6
    s7 s8 s9 ra tp
}
