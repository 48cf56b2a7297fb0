//! Links the program like a kernel: with the areas of percpu-hv's script, in which both crates find their variables.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_LINUX_GS").is_some() {
        println!("cargo::rustc-link-arg-bins=-Wl,--defsym=PERCPU_CPU_NUM=1");
        println!("cargo::rustc-link-arg-bins=-Wl,-Tpercpu-insert.x");
        // percpu takes the section's bounds by absolute relocations.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
