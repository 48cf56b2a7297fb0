//! The operations with OSTD, whose many dependencies are compiled apart from all else.

use std::collections::BTreeMap;

use golden::compile;
use serde::{Deserialize, Serialize};

use crate::{
    cost::{Code, Cost},
    crates, results,
};

/// The modes that it is compared in, with the targets that its kernels have there.
const MODES: [(&str, &str); 2] = [
    ("riscv64", "riscv64imac-unknown-none-elf"),
    ("x86_64", "x86_64-unknown-none"),
];

/// What each operation costs with one version of OSTD.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ostd {
    version: String,
    /// By mode and operation.
    pub(crate) costs: BTreeMap<String, BTreeMap<String, Cost>>,
}

impl Ostd {
    /// What was measured.
    ///
    /// # Errors
    ///
    /// If that was another version than the one that is compared.
    pub(crate) fn from_results() -> Result<Self, String> {
        let found: Self = results::read("ostd")?;
        let (version, locked) = (&found.version, crates::version("ostd"));
        if version == locked {
            return Ok(found);
        }
        Err(format!(
            "OSTD {version} was measured, and {locked} is locked; run: cargo run --package bench -- measure ostd"
        ))
    }
}

/// Compiles it.
///
/// # Panics
///
/// If it does not compile.
pub(crate) fn measure() -> Ostd {
    let cargo = [
        "--locked",
        "--manifest-path=bench/ostd/Cargo.toml",
        "--target-dir=target/ostd",
        // It uses what is not stable.
        "--config=env.RUSTC_BOOTSTRAP=\"1\"",
    ];
    let of_mode = MODES.map(|(mode, target)| {
        let compiled = compile("with_ostd", target, &cargo, &[]);
        let operations = Code::of(target, &compiled, &["libostd"]).operations("ostd");
        (mode.to_owned(), operations)
    });
    Ostd {
        version: crates::version("ostd").to_owned(),
        costs: of_mode.into(),
    }
}
