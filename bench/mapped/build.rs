//! Links the image with hv-boot's script, and with the page that is the window.

use std::{env, fs, path::Path};

/// Behind what hv-boot maps by pages, and near the code. What stands there in the file is the template.
const WINDOW: &str = r#"
    .mapped : ALIGN(4096) {
        __mapped_start = .;
        *(.mapped)
        . = ALIGN(4096);
        ASSERT(. - __mapped_start == 4096, "the window is not a page");
    }
"#;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let theirs = Path::new(&package).join("../../examples/hv-boot/src/platform/aarch64/image.ld");
    println!("cargo::rerun-if-changed={}", theirs.display());
    let script = fs::read_to_string(&theirs).expect("hv-boot has a linker script");
    let place = "INCLUDE percpu.x";
    assert!(script.contains(place), "hv-boot's script includes percpu.x");
    let script = script.replace(place, &format!("{WINDOW}\n    {place}"));
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let own = Path::new(&out).join("image.ld");
    fs::write(&own, script).expect("OUT_DIR is writable");
    println!("cargo::rustc-link-arg-bins=-T{}", own.display());
    println!("cargo::rustc-link-arg-bins=--no-pie");
}
