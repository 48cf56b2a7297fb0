//! Mistakes of access in assembly. With the feature `compiler-refuses` the compiler refuses each, with
//! `assembler-refuses` the assembler does.

use core::arch::global_asm;

use percpu_hv::{add_this_cpu, def_percpu, ldr_this_cpu, str_this_cpu};

#[def_percpu]
static COUNT: usize = 0;
#[def_percpu]
static NAME: [u8; 3] = [0; 3];
#[def_percpu]
static LONG: u64 = 0;
/// As long as a register, but a byte may be before it.
#[def_percpu]
static BYTES: [u8; 4] = [0; 4];
#[def_percpu(cold)]
static COLD: usize = 0;

/// Assembles one template.
macro_rules! assemble {
    ($($template:expr),+ $(,)?) => {
        $(global_asm!(
            $template,
            "/* {NAME} {NAME_form} {LONG} {LONG_form} {COUNT} {COUNT_form} {BYTES} {BYTES_form} \
             {COLD} {COLD_form} */",
            COUNT = sym __PERCPU_COUNT,
            COUNT_form = const COUNT.form(),
            NAME = sym __PERCPU_NAME,
            NAME_form = const NAME.form(),
            LONG = sym __PERCPU_LONG,
            LONG_form = const LONG.form(),
            BYTES = sym __PERCPU_BYTES,
            BYTES_form = const BYTES.form(),
            COLD = sym __PERCPU_COLD,
            COLD_form = const COLD.form(),
        );)+
    };
}

/// For an architecture whose accesses need two scratch registers.
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
macro_rules! mistakes {
    ($a:ident $b:ident $c:ident) => {
        #[cfg(feature = "compiler-refuses")]
        assemble!(
            ldr_this_cpu!(stack, COUNT, $a),
            ldr_this_cpu!("stack", COUNT, $a),
            str_this_cpu!($a, COUNT, $b),
            add_this_cpu!(COUNT, 1 << 3, $a, $b, $c),
        );
        #[cfg(feature = "assembler-refuses")]
        assemble!(
            ldr_this_cpu!($a, COUNT, $a),
            str_this_cpu!($a, COUNT, $b, $b),
            add_this_cpu!(COUNT, 1, $a, $b, $a),
            ldr_this_cpu!($a, NAME, $b),
            ldr_this_cpu!($a, BYTES, $b),
        );
        // A mistake only on AArch64 at any address, with a small template.
        #[cfg(feature = "assembler-refuses")]
        assemble!(ldr_this_cpu!($a, COLD; $b), ldr_this_cpu!($a, COUNT; $b));
        #[cfg(all(feature = "assembler-refuses", target_pointer_width = "32"))]
        assemble!(
            str_this_cpu!($a, LONG, $b, $c),
            add_this_cpu!(LONG, 0x1_0000_0001, $a, $b, $c),
        );
    };
}

/// For an architecture whose accesses need one scratch register.
#[cfg(any(
    target_arch = "loongarch64",
    target_arch = "riscv32",
    target_arch = "riscv64"
))]
macro_rules! mistakes {
    ($a:ident $b:ident $c:ident) => {
        #[cfg(feature = "compiler-refuses")]
        assemble!(
            ldr_this_cpu!(stack, COUNT),
            ldr_this_cpu!("stack", COUNT),
            str_this_cpu!($a, COUNT, $b, $c),
            add_this_cpu!(COUNT, 1 << 3, $a, $b),
        );
        #[cfg(feature = "assembler-refuses")]
        assemble!(
            str_this_cpu!($a, COUNT, $a),
            add_this_cpu!(COUNT, 1, $b, $b),
            ldr_this_cpu!($a, NAME),
            ldr_this_cpu!($a, BYTES),
        );
        #[cfg(all(feature = "assembler-refuses", target_pointer_width = "32"))]
        assemble!(str_this_cpu!($a, LONG, $b));
    };
}

/// For x86_64, where an access needs none.
#[cfg(target_arch = "x86_64")]
macro_rules! mistakes {
    ($a:ident $b:ident $c:ident) => {
        #[cfg(feature = "compiler-refuses")]
        assemble!(
            ldr_this_cpu!(stack, COUNT),
            ldr_this_cpu!("stack", COUNT),
            str_this_cpu!($a, COUNT, $b),
            add_this_cpu!(COUNT, 1 << 3),
        );
        #[cfg(feature = "assembler-refuses")]
        assemble!(ldr_this_cpu!($a, NAME), ldr_this_cpu!($a, BYTES));
        #[cfg(any())]
        assemble!(add_this_cpu!(COUNT, 1, $c));
    };
}

#[cfg(target_arch = "aarch64")]
mistakes!(x0 x1 x2);
#[cfg(target_arch = "arm")]
mistakes!(r0 r1 r2);
#[cfg(any(
    target_arch = "loongarch64",
    target_arch = "riscv32",
    target_arch = "riscv64"
))]
mistakes!(a0 a1 a2);
#[cfg(target_arch = "x86_64")]
mistakes!(rax rbx rcx);
