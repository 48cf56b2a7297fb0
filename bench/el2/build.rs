//! Links the image with hv-boot's script, and with the sections of the crates that have some of their own.

use std::{env, fs, path::Path};

/// What ax-percpu and percore ask for. Before percpu.x, which would take all that begins with `.percpu`.
const SECTIONS: &str = "
    .percpu.init : ALIGN(8) {
        __PERCPU_INIT_START = .;
        KEEP(*(.percpu.init))
        __PERCPU_INIT_END = .;
    }
    .percpu.align : ALIGN(8) {
        __PERCPU_ALIGN_START = .;
        KEEP(*(.percpu.align))
        __PERCPU_ALIGN_END = .;
        __PERCPU_TEMPLATE_ALIGN_START = .;
        __PERCPU_TEMPLATE_ALIGN_END = . + MAX(64, ALIGNOF(.percpu.template));
    }
    .percpu.template : ALIGN(64) {
        KEEP(*(.percpu.template.header))
        *(SORT_BY_NAME(.percpu.template.storage*))
        KEEP(*(.percpu.template.end))
    }
    percore : ALIGN(64) {
        __start_percore = .;
        *(SORT_BY_ALIGNMENT(percore percore.*))
        . = ALIGN(ALIGNOF(percore));
        __stop_percore = .;
    }
";

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
    let script = script.replace(place, &format!("{SECTIONS}\n    {place}"));
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let own = Path::new(&out).join("image.ld");
    fs::write(&own, script).expect("OUT_DIR is writable");
    println!("cargo::rustc-link-arg-bins=-T{}", own.display());
    println!("cargo::rustc-link-arg-bins=--no-pie");
}
