//! Puts the linker fragment of this target and mode on the linker's search path.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=percpu.x");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let any_address = env::var_os("CARGO_FEATURE_NON_ZERO_VMA").is_some();
    // The reach of a 16-bit offset; PC-relative offsets reach everything.
    let (align, limit) = if any_address {
        ("64", "0x7fffffff")
    } else {
        ("0x10000", "0x10000")
    };
    let fragment = include_str!("percpu.x")
        .replace("@TEMPLATE_ALIGN@", align)
        .replace("@TEMPLATE_LIMIT@", limit);
    let (template, areas) = fragment
        .split_once("/* The areas:")
        .expect("percpu.x holds the template, then the areas");
    // Before, not after: GNU ld would insert between `__bss_start = .` and `.bss`, where boot
    // code clears the template; and `_end` stays behind the areas.
    let insert = format!(
        "SECTIONS {{\n{template}}} INSERT BEFORE .data;\n\
         SECTIONS {{\n/* The areas:{areas}}} INSERT BEFORE .bss;\n"
    );
    fs::write(out.join("percpu.x"), fragment).expect("OUT_DIR is writable");
    fs::write(out.join("percpu-insert.x"), insert).expect("OUT_DIR is writable");
    println!("cargo::rustc-link-search={}", out.display());
}
