//! The operations with OSTD, whose many dependencies are compiled apart from all else.

use std::collections::BTreeMap;

use golden::compile;

use crate::{cost::Cost, peers::code};

/// The modes that it is compared in, with the targets that its kernels have there.
const MODES: [(&str, &str); 2] = [
    ("riscv64", "riscv64imac-unknown-none-elf"),
    ("x86_64", "x86_64-unknown-none"),
];

/// What each operation costs, by mode.
///
/// # Panics
///
/// If it does not compile.
pub(crate) fn measure() -> BTreeMap<&'static str, BTreeMap<String, Cost>> {
    let cargo = [
        "--locked",
        "--manifest-path=bench/ostd/Cargo.toml",
        "--target-dir=target/ostd",
        // It uses what is not stable.
        "--config=env.RUSTC_BOOTSTRAP=\"1\"",
    ];
    let of_mode = MODES.map(|(mode, target)| {
        let compiled = compile("with_ostd", target, &cargo, &[]);
        let operations = code(target, &compiled, &["libostd"]).operations("ostd");
        (mode, operations)
    });
    of_mode.into()
}
