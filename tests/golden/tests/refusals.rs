//! Mistakes of access in assembly: each is one error with the way out.

use golden::errors;

/// What the compiler says to a name that is no register of an access.
const NO_REGISTER: &str = "`stack` is no register that a per-CPU access can use; the guide's page on assembly lists those that are";
/// What it says to a register in quotes.
const QUOTED: &str = "`\"stack\"` is no register; write its name, as in `adr_this_cpu!(x0, VARIABLE, ..)`, or an operand of \
     `asm!` in braces, as in `{to}`";
/// What the assembler says to the types that no register holds.
const NO_SIZE: &str = "percpu-hv: NAME is not of 1, 2, 4 or 8 bytes and aligned to as many; take its address by adr_this_cpu!";
const NOT_ALIGNED: &str = "percpu-hv: BYTES is not of 1, 2, 4 or 8 bytes and aligned to as many; take its address by adr_this_cpu!";
const TOO_LARGE: &str = "percpu-hv: an addition on 32-bit Arm takes a constant of 32 bits";
const TOO_LONG: &str =
    "percpu-hv: a register does not hold the 8 bytes of LONG; take its address by adr_this_cpu!";
/// What it says to a variable that a small template has last.
const FAR: &str = "percpu-hv: COLD is in no part of the template that accesses reach at once, and takes one more register here; name \
     a scratch register instead of the one behind the semicolon";

fn twice(register: &str) -> String {
    format!(
        "percpu-hv: an access to COUNT names the register {register} twice; it needs another one"
    )
}

/// Compares what is said to the mistakes of tests/operations/src/mistakes.rs. `registers` is what the compiler says to a
/// wrong number of them, and `rest` what the assembler says to all mistakes.
#[track_caller]
fn check(target: &str, registers: &str, rest: &[&str]) {
    let found = errors("operations", target, &["--features=compiler-refuses"]);
    let wrong = format!("wrong operands; on this architecture write {registers}");
    assert_eq!(found, [NO_REGISTER, QUOTED, &wrong, &wrong], "{target}");
    let mut found = errors("operations", target, &["--features=assembler-refuses"]);
    // The assembler sees the blocks in an order of its own.
    found.sort_unstable();
    let mut rest = rest.to_vec();
    rest.sort_unstable();
    assert_eq!(found, rest, "{target}");
}

const OFFSET_AND_BASE: &str = "`adr_this_cpu!(to, VARIABLE, scratch)`, `ldr_this_cpu!(to, VARIABLE, scratch)`, \
     `str_this_cpu!(from, VARIABLE, scratch, scratch)` or `add_this_cpu!(VARIABLE, 1, scratch, scratch, scratch)`";
const ONE_REGISTER: &str = "`adr_this_cpu!(to, VARIABLE)`, `ldr_this_cpu!(to, VARIABLE)`, \
     `str_this_cpu!(from, VARIABLE, scratch)` or `add_this_cpu!(VARIABLE, 1, scratch, scratch)`";
const NO_SCRATCH: &str = "`adr_this_cpu!(to, VARIABLE)`, `ldr_this_cpu!(to, VARIABLE)`, \
     `str_this_cpu!(from, VARIABLE)` or `add_this_cpu!(VARIABLE, 1)`";

#[test]
fn aarch64() {
    let (first, second) = (twice("x0"), twice("x1"));
    let rest = [&*first, &second, &first, NO_SIZE, NOT_ALIGNED];
    check("aarch64-unknown-none-softfloat", OFFSET_AND_BASE, &rest);
}

/// Where a distance takes two registers, one of them cannot be that of the caller.
#[test]
fn a_register_is_not_enough_for_what_is_cold_in_a_small_template_at_any_address() {
    let target = "aarch64-unknown-none-softfloat";
    let features = "--features=assembler-refuses,non-zero-vma,small-template";
    let found = errors("operations", target, &[features]);
    let of_cold: Vec<_> = found
        .iter()
        .filter(|error| error.contains("COLD"))
        .collect();
    assert_eq!(of_cold, [FAR], "{found:?}");
    let known = errors("operations", target, &["--features=assembler-refuses"]);
    assert_eq!(found.len(), known.len() + 1, "{found:?}");
}

#[test]
fn armv7a() {
    let (first, second) = (twice("r0"), twice("r1"));
    let rest = [
        &*first,
        &second,
        &first,
        NO_SIZE,
        NOT_ALIGNED,
        TOO_LONG,
        TOO_LARGE,
    ];
    check("armv7a-none-eabi", OFFSET_AND_BASE, &rest);
}

#[test]
fn loongarch64() {
    let rest = [&*twice("$a0"), &twice("$a1"), NO_SIZE, NOT_ALIGNED];
    check("loongarch64-unknown-none-softfloat", ONE_REGISTER, &rest);
}

#[test]
fn riscv32() {
    let rest = [&*twice("a0"), &twice("a1"), NO_SIZE, NOT_ALIGNED, TOO_LONG];
    check("riscv32imac-unknown-none-elf", ONE_REGISTER, &rest);
}

#[test]
fn riscv64() {
    let rest = [&*twice("a0"), &twice("a1"), NO_SIZE, NOT_ALIGNED];
    check("riscv64gc-unknown-none-elf", ONE_REGISTER, &rest);
}

#[test]
fn x86_64() {
    check("x86_64-unknown-none", NO_SCRATCH, &[NO_SIZE, NOT_ALIGNED]);
}
