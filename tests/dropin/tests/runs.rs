//! An ArceOS kernel made of published crates boots with percpu-hv in percpu's place, on 4 CPUs.

use dropin::{Arch, Kernel, Package};

#[test]
fn aarch64() {
    counts(Arch::Aarch64, &[]);
}

#[test]
fn preemptible() {
    counts(Arch::Aarch64, &["preempt"]);
}

#[test]
fn riscv64() {
    counts(Arch::Riscv64, &[]);
}

/// The linker scripts of these platforms are written for percpu: all of the template is within reach.
#[test]
fn a_small_template() {
    counts(Arch::Aarch64, &["small-template"]);
    counts(Arch::Riscv64, &["small-template"]);
}

/// Two lines of percpu in one image: axplat's 0.2 and axcpu's 0.4.
#[test]
fn x86_64() {
    counts(Arch::X86_64, &[]);
}

#[track_caller]
fn counts(arch: Arch, features: &[&str]) {
    let kernel = Kernel::build(&Package::named("kernel"), arch, features);
    let end = kernel.unwrap_or_else(|error| panic!("{error}")).run();
    let lines: Vec<_> = end.lines().map(str::trim_end).collect();
    let value = |start: &str| {
        let mut found = lines.iter().filter_map(|line| line.strip_prefix(start));
        found
            .next()
            .unwrap_or_else(|| panic!("no `{start}`: {end}"))
    };
    let expected = value("expected: ");
    assert_ne!(expected, "0");
    let both = format!("{expected}, {expected}");
    assert_eq!(value("sum on 4 CPUs: "), both, "{end}");
}
