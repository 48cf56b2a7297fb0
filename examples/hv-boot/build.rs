//! Hands the image's linker script to the linker, for this package's binaries only.

use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=hv-boot.ld");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let package = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
        let script = Path::new(&package).join("hv-boot.ld");
        println!("cargo:rustc-link-arg-bins=-T{}", script.display());
    }
}
