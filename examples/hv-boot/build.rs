//! Hands the image's linker script to the linker, for this package's binaries only.

use std::{env, path::Path};

fn main() {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets CARGO_CFG_TARGET_ARCH");
    let platform = match arch.as_str() {
        "riscv32" | "riscv64" => "riscv",
        other => other,
    };
    let script = Path::new(&package).join(format!("src/platform/{platform}/image.ld"));
    println!("cargo::rerun-if-changed={}", script.display());
    // Its areas are in other memory. Before the script, which asks for the symbol.
    println!("cargo::rustc-link-arg-bin=hv-boot-given-memory=--defsym=HV_BOOT_AREAS=0");
    // It loads modules: memory for their code, and a reserve that ends where not all instructions reach.
    for symbol in ["LOADED=0x40000", "AREAS=64", "RESERVE=0x20000"] {
        println!("cargo::rustc-link-arg-bin=module=--defsym=HV_BOOT_{symbol}");
    }
    // A page behind each area, which the image leaves unmapped.
    println!("cargo::rustc-link-arg-bin=faults-on-overflow=--defsym=PERCPU_AREA_GAP=0x1000");
    println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    // Some targets link position-independent executables unless told otherwise.
    println!("cargo::rustc-link-arg-bins=--no-pie");
}
