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

    register! { read = "mv {to}, gp", write = "mv gp, {value}" }

    always_accessible!();

    /// Returns `None`: only machine mode can read `mhartid` (privileged manual, "Hart ID (mhartid) Register").
    pub(crate) const fn hardware_id() -> Option<usize> {
        None
    }

    /// Returns true: atomics work on main memory in every translation mode (privileged manual, "Atomicity PMAs").
    pub(crate) const fn memory_is_normal() -> bool {
        true
    }

    /// An access adds the low 12 bits of the address to `base`. `reach` sets `base` to the other bits plus `gp`.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __linked {
        (displacement) => {
            $crate::__norelax!(
                "lui {to}, %hi({symbol}+{offset})\naddi {to}, {to}, %lo({symbol}+{offset})"
            )
        };
        // From memory near the code: `lui` cannot form the address of a block that is linked high.
        (address $symbol:literal) => {
            ::core::concat!(
                ".pushsection .rodata.percpu_hv, \"a\"\n",
                $crate::__xlen!(".balign 8\n3: .dword ", ".balign 4\n3: .word "),
                $symbol,
                "\n",
                ".popsection\n",
                $crate::__norelax!(
                    "2: auipc {to}, %pcrel_hi(3b)\n",
                    $crate::__xlen!("ld", "lw"),
                    " {to}, %pcrel_lo(2b)({to})"
                )
            )
        };
        // The template is at VMA 0, and a hot variable's address is less than 2 KiB.
        (reach hot) => {
            $crate::__mark_hot!()
        };
        (base hot) => {
            "gp"
        };
        (reach $group:ident) => {
            "lui {to}, %hi({symbol}+{offset})\nadd {to}, {to}, gp\n"
        };
        (base $group:ident) => {
            "{to}"
        };
        (low) => {
            "%lo({symbol}+{offset})"
        };
    }

    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __linked {
        (low) => {
            "%pcrel_lo(2b)"
        };
        (address $symbol:literal) => {
            $crate::__norelax!(
                "2: auipc {to}, %pcrel_hi(",
                $symbol,
                ")\naddi {to}, {to}, %pcrel_lo(2b)"
            )
        };
        (slot $symbol:literal) => {
            $crate::__norelax!(
                "2: auipc {to}, %got_pcrel_hi(",
                $symbol,
                ")\n",
                $crate::__xlen!("ld", "lw"),
                " {to}, %pcrel_lo(2b)({to})"
            )
        };
        (reach $group:ident) => {
            "2: auipc {to}, %pcrel_hi({symbol}+{offset})\nadd {to}, {to}, gp\n"
        };
        (base $group:ident) => {
            "{to}"
        };
    }

    /// `move` makes a load or a store. That of a hot variable needs no scratch register, but `asm!` requires that
    /// `{to}` occurs.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __text {
        (current $group:ident) => {
            $crate::__norelax!(
                $crate::__linked!(reach $group),
                "addi {to}, ", $crate::__linked!(base $group), ", ", $crate::__linked!(low)
            )
        };
        (move $group:ident $instruction:literal) => {
            $crate::__norelax!(
                $crate::__linked!(reach $group),
                $instruction, ", ", $crate::__linked!(low), "(", $crate::__linked!(base $group), ") # {to}"
            )
        };
        (load byte $group:ident) => { $crate::__text!(move $group "lbu {to}") };
        (load half $group:ident) => { $crate::__text!(move $group "lhu {to}") };
        (load word $group:ident) => { $crate::__text!(move $group "lw {to}") };
        (load double $group:ident) => { $crate::__text!(move $group "ld {to}") };
        (store byte $group:ident) => { $crate::__text!(move $group "sb {value}") };
        (store half $group:ident) => { $crate::__text!(move $group "sh {value}") };
        (store word $group:ident) => { $crate::__text!(move $group "sw {value}") };
        (store double $group:ident) => { $crate::__text!(move $group "sd {value}") };
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __norelax {
        ($($text:tt)*) => {
            ::core::concat!(".option push\n.option norelax\n", $($text)*, "\n.option pop")
        };
    }

    /// Selects the text for riscv64 or the text for riscv32.
    #[cfg(target_arch = "riscv64")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __xlen {
        ($riscv64:literal, $riscv32:literal) => {
            $riscv64
        };
    }

    #[cfg(target_arch = "riscv32")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __xlen {
        ($riscv64:literal, $riscv32:literal) => {
            $riscv32
        };
    }

    /// Each access takes three instructions, and one for a hot variable.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __form {
        ([$($form:tt)*] $($place:tt)*) => { $($form)*! { name $($place)* } };
    }
}
