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

/// For EL1, for EL2, and for EL2 with areas of the platform.
fn builds(arch: Arch) {
    for name in ["kernel", "hypervisor"] {
        assert_eq!(swapped(&Package::named(name), arch.target()), Ok(()));
    }
    if let Err(error) = Kernel::build(&Package::named("kernel"), arch, &[]) {
        panic!("{error}");
    }
    for options in [&[], &["--features=custom-base"] as &[_]] {
        if let Err(error) = Package::named("hypervisor").build(arch.target(), options, &[]) {
            panic!("{options:?}: {error}");
        }
    }
}

/// What no percpu can change.
fn skip(arch: Arch) {
    println!("skip: arm_vcpu on {arch:?}: it is AArch64 assembly, and builds nowhere else");
}
