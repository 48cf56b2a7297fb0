//! Makes a module of each example of the guide's page on assembly, which a test on a host cannot compile.

use std::{env, fs, path::Path};

const PAGE: &str = "../../percpu-hv/guide/assembly.md";

fn main() {
    println!("cargo::rerun-if-changed={PAGE}");
    println!("cargo::rerun-if-changed=build.rs");
    let page = fs::read_to_string(PAGE).expect("the guide has the page");
    let mut examples = String::new();
    for (index, block) in page.split("```rust,ignore\n").skip(1).enumerate() {
        let (code, _) = block.split_once("```").expect("the block ends");
        examples += &format!("mod example_{index} {{\n{code}}}\n");
    }
    assert!(!examples.is_empty(), "{PAGE} has examples");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("guide.rs"), examples).expect("OUT_DIR is writable");
}
