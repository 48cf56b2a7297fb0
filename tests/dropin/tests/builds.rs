//! The published crates compile with percpu-hv in percpu's place.

use dropin::{Arch, Kernel, Package, swapped};

#[test]
fn aarch64() {
    builds(Arch::Aarch64);
}

#[test]
fn riscv64() {
    builds(Arch::Riscv64);
    skip(Arch::Riscv64);
}

#[test]
fn x86_64() {
    builds(Arch::X86_64);
    skip(Arch::X86_64);
}

/// At EL1 with a linker script written for percpu, and at EL2 with areas of the platform.
fn builds(arch: Arch) {
    for name in ["kernel", "hypervisor"] {
        assert_eq!(swapped(&Package::named(name), arch.target()), Ok(()));
    }
    if let Err(error) = Kernel::build(&Package::named("kernel"), arch, &[]) {
        panic!("{error}");
    }
    if let Err(error) = Package::named("hypervisor").build(arch.target(), &[], &[]) {
        panic!("{error}");
    }
}

/// What no percpu can change.
fn skip(arch: Arch) {
    println!("skip: dropin: arm_vcpu on {arch:?}: it is AArch64 assembly, and builds nowhere else");
}
