//! Links the test like a kernel where the process has a per-CPU register of its own.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_LINUX_GS").is_some() {
        println!("cargo::rustc-link-arg-tests=-Wl,--defsym=PERCPU_CPU_NUM=4");
        println!("cargo::rustc-link-arg-tests=-Wl,--defsym=PERCPU_DYNAMIC_SIZE=0x4000");
        println!("cargo::rustc-link-arg-tests=-Wl,-Tpercpu-insert.x");
    }
}
