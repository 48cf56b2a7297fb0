//! Writes the variables.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=VARIABLES");
    let count = env::var("VARIABLES")
        .ok()
        .and_then(|count| count.parse().ok());
    let is_used = env::var_os("CARGO_FEATURE_UNUSED").is_none();
    let mut source = String::new();
    // The types that hypervisors have most.
    let types = ["u64", "u32", "usize", "[u64; 4]"];
    for (index, ty) in (0..count.unwrap_or(0_usize)).zip(types.into_iter().cycle()) {
        let (initial, access) = match ty {
            "[u64; 4]" => (
                "[0; 4]".to_owned(),
                format!("V{index}.with_current(|v| v[1] += 1)"),
            ),
            _ => (
                index.to_string(),
                format!("V{index}.write_current(V{index}.read_current() + 1)"),
            ),
        };
        let _ = writeln!(
            source,
            "/// A variable.\n#[def_percpu]\npub static V{index}: {ty} = {initial};"
        );
        if is_used {
            let _ = writeln!(source, "/// Its use.\npub fn use_{index}() {{ {access}; }}");
        }
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("variables.rs"), source).expect("OUT_DIR is writable");
}
