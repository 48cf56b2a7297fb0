//! What a crate with many variables costs the compiler.

use std::{fs::File, process::Command, time::SystemTime};

use links::tools::root;
use serde::{Deserialize, Serialize};

use crate::cargo::{AARCH64, bare_cargo, output};

/// The number of variables.
pub(crate) const VARIABLES: u32 = 1000;
/// The crates that are compared.
pub(crate) const CRATES: [&str; 2] = ["percpu-hv", "percpu"];
const RUNS: usize = 8;

/// The costs of a crate.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CompileTime {
    pub(crate) name: String,
    /// The compiler's seconds of processor time for a first build of all variables, without optimization.
    pub(crate) debug: f64,
    /// With optimization.
    pub(crate) release: f64,
    /// Bytes and lines that one variable is expanded to.
    pub(crate) expansion: (f64, f64),
}

pub(crate) fn measure() -> Result<Vec<CompileTime>, String> {
    let (debug, release) = (seconds("dev")?, seconds("release")?);
    let costs = CRATES.iter().zip(debug.into_iter().zip(release));
    let costs = costs.map(|(name, (debug, release))| {
        Ok(CompileTime {
            name: (*name).to_owned(),
            debug,
            release,
            expansion: expansion(name)?,
        })
    });
    costs.collect()
}

fn rustc(name: &str, profile: &str, variables: u32) -> Command {
    let mut cargo = bare_cargo(AARCH64, "rustc");
    cargo
        .args([
            "--quiet",
            "--package",
            "variables",
            "--lib",
            "--profile",
            profile,
            "--features",
            name,
        ])
        .env("VARIABLES", variables.to_string())
        // A rebuild of unchanged code would reuse most of it.
        .env("CARGO_INCREMENTAL", "0");
    cargo
}

/// The seconds of each crate: the least of several runs, without what cargo itself takes.
///
/// The crates take turns, since a machine may be slower for minutes. One crate after the other, the ratio moved between
/// 0.46 and 0.51, while the number of instructions that the compiler executes did not.
fn seconds(profile: &str) -> Result<[f64; CRATES.len()], String> {
    for name in CRATES {
        output(&mut rustc(name, profile, VARIABLES))?;
    }
    let source = root().join("bench/variables/src/lib.rs");
    let mut least = [f64::MAX; CRATES.len()];
    for _ in 0..RUNS {
        for (name, least) in CRATES.iter().zip(&mut least) {
            let touched = File::options().append(true).open(&source);
            touched
                .and_then(|file| file.set_modified(SystemTime::now()))
                .map_err(|error| format!("{}: {error}", source.display()))?;
            let whole = processor_time(&mut rustc(name, profile, VARIABLES))?;
            let cargo = processor_time(&mut rustc(name, profile, VARIABLES))?;
            *least = least.min(whole - cargo);
        }
    }
    Ok(least.map(|seconds| (seconds * 1000.0).round() / 1000.0))
}

/// The seconds that the processors were busy with a command: other load on the machine does not matter.
fn processor_time(command: &mut Command) -> Result<f64, String> {
    let script = r#"TIMEFORMAT="%U %S"; time { "$@" >/dev/null 2>&1; }"#;
    let mut timed = Command::new("bash");
    timed
        .args(["-c", &format!("{{ {script} }} 2>&1"), "time"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    let text = output(timed.current_dir(root()))?;
    let seconds = text.split_whitespace().map(str::parse::<f64>);
    let seconds = seconds.sum::<Result<f64, _>>();
    seconds.map_err(|_| format!("bash said: {text}"))
}

/// Bytes and lines of the expansion of a variable that nothing uses.
fn expansion(name: &str) -> Result<(f64, f64), String> {
    let expanded = |variables| {
        let mut rustc = rustc(&format!("{name},unused"), "dev", variables);
        let rustc = rustc.args(["--", "-Zunpretty=expanded"]);
        output(rustc.env("RUSTC_BOOTSTRAP", "1"))
    };
    let (few, many) = (expanded(100)?, expanded(200)?);
    let per_variable = |few: usize, many: usize| many.saturating_sub(few) as f64 / 100.0;
    Ok((
        per_variable(few.len(), many.len()).round(),
        per_variable(few.lines().count(), many.lines().count()).round(),
    ))
}
