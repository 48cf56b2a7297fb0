//! Links the tests as percpu's own are linked, where a process has GS_BASE.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=kernel.x");
    println!("cargo::rustc-check-cfg=cfg(like_a_kernel)");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let kernel = target("ARCH") == "x86_64" && target("OS") == "linux";
    let feature = |name: &str| env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    if kernel && feature("NON_ZERO_VMA") && !feature("SP_NAIVE") {
        println!("cargo::rustc-cfg=like_a_kernel");
        println!("cargo::rustc-link-arg-tests=-no-pie");
        println!("cargo::rustc-link-arg-tests=-Tkernel.x");
        let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
        println!("cargo::rustc-link-search={here}");
    }
}
