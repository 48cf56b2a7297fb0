//! RISC-V: `gp`, on riscv32 and riscv64.
//!
//! Register: x3, the global pointer (psABI, "Integer Register Convention"). It is always biased. The
//! ABI leaves the register to the platform, and compiled Rust does not use it unless the linker does:
//! if a script defines `__global_pointer$`, relaxation addresses data through `gp`. So the script of a
//! kernel with per-CPU variables must not define that symbol.
//!
//! A user process and a guest have their own `gp`. Every entry from one of them restores the kernel's
//! value before it uses per-CPU data, from memory that `sscratch` points to.
//!
//! Default mode: `lui %hi` and `%lo` form an address that is sign-extended from 32 bits. The template
//! is at VMA 0 or within 2 GiB of 0. The linker checks every reference, and init checks the template.
//!
//! `non-zero-vma`: `auipc`. The template is within 2 GiB of the code, which the linker checks.
//!
//! ```text
//! lui a0, %hi(__PERCPU_X)             auipc a0, %pcrel_hi(__PERCPU_X)
//! add a0, a0, gp                      add   a0, a0, gp
//! ld  a0, %lo(__PERCPU_X)(a0)         ld    a0, %pcrel_lo(1b)(a0)
//! ```
//!
//! A read-modify-write of less than 32 bits, and `compare_exchange`, are loops of `lr` and `sc` on a whole
//! word. Neither a store of the same hart nor a trap and its return has to end the reservation (volume 1,
//! "Load-Reserved/Store-Conditional Instructions"; volume 2, "Trap-Return Instructions"). Every exit from
//! a trap must therefore run an `sc`, to any address. Otherwise the loop overwrites what a handler stored
//! to the variable, or to a neighbour in its word. A context switch must run an `sc` too.
//!
//! Linker relaxation (target feature `relax`) would rewrite the second and third instruction to
//! `x0`-relative or `gp`-relative forms, which ignore the register's value. The accesses disable
//! relaxation for themselves.

pub(crate) mod interrupts {
    // `sstatus.SIE`, bit 1 (privileged manual, "Supervisor Status (`sstatus`) Register").
    interrupts! { mask = "csrrci {to}, sstatus, 1 << 1", restore = "csrs sstatus, {value}", bits = 1 << 1 }
}

pub(crate) mod cache {
    // Zicbom (unprivileged manual, "Cache-Block Management Instructions").
    cache! {
        flush = ".option push\n.option arch, +zicbom\ncbo.flush ({address})\n.option pop",
        barrier = "fence iorw, iorw"
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use crate::arch::emit::Mode;

    /// On riscv32 `lui` reaches every address.
    pub(crate) const DEFAULT_MODE: Mode = Mode::Biased { hot: Some(1 << 11) };

    register! { read = "mv {to}, gp", write = "mv gp, {value}", add = "add {to}, {distance}, gp" }

    always_accessible!();

    /// Returns `None`: only machine mode can read `mhartid` (privileged manual, "Hart ID (mhartid) Register").
    pub(crate) const fn hardware_id() -> Option<usize> {
        None
    }

    /// Returns true: atomics work on main memory in every translation mode (privileged manual, "Atomicity PMAs").
    pub(crate) const fn memory_is_normal() -> bool {
        true
    }

    /// Each access takes three instructions, and one for a hot variable.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct_form {
        ([$($form:tt)*] $($place:tt)*) => { $($form)*! { name $($place)* } };
    }
}

/// An access adds the low 12 bits of the address to a register that was set to the other bits plus `gp`.
#[cfg(not(any(feature = "non-zero-vma", feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (displacement hot $to:tt $symbol:expr) => {
        $crate::__core::concat!($crate::__mark_hot!(), $crate::__norelax! { ["addi " ($to) ", zero, %lo(" $symbol ")"] })
    };
    (displacement $group:ident $to:tt $symbol:expr) => {
        $crate::__norelax! { ["lui " ($to) ", %hi(" $symbol ")"] ["addi " ($to) ", " ($to) ", %lo(" $symbol ")"] }
    };
    // From memory near the code: `lui` cannot form the address of a block that is linked high.
    (address $to:tt $symbol:expr) => {
        $crate::__core::concat!(
            ".pushsection .rodata.percpu_hv, \"a\"\n",
            $crate::__xlen!(".balign 8\n3: .dword ", ".balign 4\n3: .word "), $symbol, "\n",
            ".popsection\n",
            $crate::__norelax! {
                ["2: auipc " ($to) ", %pcrel_hi(3b)"]
                [{$crate::__xlen!("ld ", "lw ")} ($to) ", %pcrel_lo(2b)(" ($to) ")"]
            }
        )
    };
    // The template is at VMA 0, and a hot variable's address is less than 2 KiB.
    (reach hot [$base:tt] $symbol:expr) => { $crate::__mark_hot!() };
    (reach $group:ident [$base:tt] $symbol:expr) => {
        $crate::__norelax! { ["lui " ($base) ", %hi(" $symbol ")"] ["add " ($base) ", " ($base) ", gp"] }
    };
    // With an index, `base` is set for a hot variable too.
    (reach hot [$base:tt $index:tt] $symbol:expr) => {
        $crate::__core::concat!($crate::__mark_hot!(), $crate::__norelax! { ["add " ($base) ", " ($index) ", gp"] })
    };
    (reach $group:ident [$base:tt $index:tt] $symbol:expr) => {
        $crate::__norelax! {
            ["lui " ($base) ", %hi(" $symbol ")"]
            ["add " ($base) ", " ($base) ", gp"]
            ["add " ($base) ", " ($base) ", " ($index)]
        }
    };
    (base hot [$base:tt]) => { "gp" };
    (base $group:ident [$base:tt]) => { $crate::__register!($base) };
    (low $symbol:expr) => { $crate::__core::concat!("%lo(", $symbol, ")") };
}

#[cfg(all(feature = "non-zero-vma", not(feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (address $to:tt $symbol:expr) => {
        $crate::__norelax! { ["2: auipc " ($to) ", %pcrel_hi(" $symbol ")"] ["addi " ($to) ", " ($to) ", %pcrel_lo(2b)"] }
    };
    (slot $to:tt $symbol:expr) => {
        $crate::__norelax! {
            ["2: auipc " ($to) ", %got_pcrel_hi(" $symbol ")"]
            [{$crate::__xlen!("ld ", "lw ")} ($to) ", %pcrel_lo(2b)(" ($to) ")"]
        }
    };
    (reach $group:ident [$base:tt] $symbol:expr) => {
        $crate::__norelax! { ["19283: auipc " ($base) ", %pcrel_hi(" $symbol ")"] ["add " ($base) ", " ($base) ", gp"] }
    };
    (reach $group:ident [$base:tt $index:tt] $symbol:expr) => {
        $crate::__norelax! {
            ["19283: auipc " ($base) ", %pcrel_hi(" $symbol ")"]
            ["add " ($base) ", " ($base) ", gp"]
            ["add " ($base) ", " ($base) ", " ($index)]
        }
    };
    (base $group:ident [$base:tt]) => { $crate::__register!($base) };
    (low $symbol:expr) => { "%pcrel_lo(19283b)" };
}

/// The one copy is the symbol.
#[cfg(feature = "sp-naive")]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    (reach $group:ident [$base:tt] $symbol:expr) => {
        $crate::__norelax! { ["19283: auipc " ($base) ", %pcrel_hi(" $symbol ")"] }
    };
    (base $group:ident [$base:tt]) => {
        $crate::__register!($base)
    };
    (low $symbol:expr) => {
        "%pcrel_lo(19283b)"
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    (reach $($copy:tt)*) => { $crate::__linked!(reach $($copy)*) };
    (address $group:ident $to:tt $base:tt $symbol:expr) => {
        $crate::__norelax! { ["addi " ($to) ", " {$crate::__linked!(base $group $base)} ", " {$crate::__linked!(low $symbol)}] }
    };
    (load byte $($move:tt)*) => { $crate::__text!(move "lbu ", $($move)*) };
    (load half $($move:tt)*) => { $crate::__text!(move "lhu ", $($move)*) };
    (load word $($move:tt)*) => { $crate::__text!(move "lw ", $($move)*) };
    (load unsigned $($move:tt)*) => { $crate::__text!(move $crate::__xlen!("lwu ", "lw "), $($move)*) };
    (load double $($move:tt)*) => { $crate::__text!(move "ld ", $($move)*) };
    (store byte $($move:tt)*) => { $crate::__text!(move "sb ", $($move)*) };
    (store half $($move:tt)*) => { $crate::__text!(move "sh ", $($move)*) };
    (store word $($move:tt)*) => { $crate::__text!(move "sw ", $($move)*) };
    (store double $($move:tt)*) => { $crate::__text!(move "sd ", $($move)*) };
    (move $mnemonic:expr, $group:ident $register:tt $base:tt $symbol:expr) => {
        $crate::__norelax! { [$mnemonic ($register) ", " {$crate::__linked!(low $symbol)} "(" {$crate::__linked!(base $group $base)} ")"] }
    };
    (add [$($by_parts:tt)*] double $group:ident $value:tt [$base:tt] $symbol:expr, $addend:literal) => {
        $crate::__xlen!(
            $($by_parts)*!(double $group $value [$base] $symbol, $addend),
            $crate::__core::concat!(
                $crate::__text!(address $group $base [$base] $symbol),
                // The carry is set if the sum is less than the addend.
                $crate::__lines! {
                    ["lw " ($value) ", 0(" ($base) ")"]
                    ["addi " ($value) ", " ($value) ", " $addend]
                    ["sw " ($value) ", 0(" ($base) ")"]
                    ["sltiu " ($value) ", " ($value) ", " $addend]
                    // A negative addend has a high half of ones, which the carry makes 0.
                    [".if " $addend " < 0"]
                    ["bnez " ($value) ", 19284f"]
                    ["lw " ($value) ", 4(" ($base) ")"]
                    ["addi " ($value) ", " ($value) ", -1"]
                    [".else"]
                    ["beqz " ($value) ", 19284f"]
                    ["lw " ($value) ", 4(" ($base) ")"]
                    ["addi " ($value) ", " ($value) ", 1"]
                    [".endif"]
                    ["sw " ($value) ", 4(" ($base) ")"]
                    ["19284:"]
                }
            )
        )
    };
    (add [$($by_parts:tt)*] $($add:tt)*) => { $($by_parts)*!($($add)*) };
    (increase $width:ident $value:tt $addend:literal) => {
        $crate::__lines! { ["addi " ($value) ", " ($value) ", " $addend] }
    };
}

/// Joins lines that the linker does not relax.
#[doc(hidden)]
#[macro_export]
macro_rules! __norelax {
    ($($line:tt)*) => {
        $crate::__core::concat!(".option push\n.option norelax\n", $crate::__lines! { $($line)* }, ".option pop\n")
    };
}

/// Selects the text for riscv64 or the text for riscv32.
#[cfg(target_arch = "riscv64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __xlen {
    ($riscv64:expr, $riscv32:expr) => {
        $riscv64
    };
}

#[cfg(target_arch = "riscv32")]
#[doc(hidden)]
#[macro_export]
macro_rules! __xlen {
    ($riscv64:expr, $riscv32:expr) => {
        $riscv32
    };
}

// An access in assembly takes one register, and names the per-CPU register.
general_registers! {
    $ access one_register prefix "" whole ""
    t0 t1 t2 t3 t4 t5 t6 a0
    a1 a2 a3 a4 a5 a6 a7 s0
    s1 s2 s3 s4 s5 s6 s7 s8
    s9 s10 s11 ra tp
}
