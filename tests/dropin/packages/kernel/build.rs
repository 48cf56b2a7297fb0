//! Links with the script that axhal's build script generated for the platform.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets CARGO_CFG_TARGET_ARCH");
    let platform = match arch.as_str() {
        "aarch64" => "aarch64-qemu-virt",
        "riscv64" => "riscv64-qemu-virt",
        "x86_64" => "x86-pc",
        _ => panic!("no ArceOS platform for {arch} is a dependency"),
    };
    // <profile>/build/<package>/out: axhal writes it to the directory of the profile.
    let profile = out.ancestors().nth(3).expect("cargo's layout");
    let script = profile.join(format!("linker_{platform}.lds"));
    println!("cargo::rustc-link-arg=-T{}", script.display());
    println!("cargo::rustc-link-arg=-no-pie");
    println!("cargo::rustc-link-arg=-znostart-stop-gc");
    // They say which instructions name a per-CPU variable.
    println!("cargo::rustc-link-arg-bin=work=--emit-relocs");
}
