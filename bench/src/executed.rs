//! Executed instructions of each operation in a loop: at EL2 under QEMU, and in a Linux process under callgrind, which
//! gungraun runs. Both count every instruction, and give the same numbers each time.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

use crate::cargo::{boot, host_cargo, output, program};

/// Instructions of one iteration, without the empty loop's: `<crate>.<operation>`.
pub(crate) type Executed = BTreeMap<String, f64>;

/// How often the image and the process repeat an operation.
const REPETITIONS: f64 = 1e6;

/// At EL2.
pub(crate) fn at_el2() -> Result<Executed, String> {
    let text = boot("el2", "", 1)?;
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let (name, count) = line
            .split_once(' ')
            .ok_or_else(|| format!("the image said: {line}"))?;
        let count: f64 = count
            .trim()
            .parse()
            .map_err(|_| format!("the image said: {line}"))?;
        counts.insert(name.to_owned(), count / REPETITIONS);
    }
    without_the_loop(counts)
}

/// In a process.
pub(crate) fn in_a_process() -> Result<Executed, String> {
    require_runner()?;
    let benchmark =
        "--quiet --package process --features linux-gs --bench executed -- --output-format=json";
    let text = output(host_cargo("bench").args(benchmark.split_whitespace()))?;
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let (name, count) = counted(line).ok_or_else(|| format!("gungraun said: {line}"))?;
        counts.insert(name, count / REPETITIONS);
    }
    for name in output(&mut Command::new(program(None, "process")))?.lines() {
        // Not even the empty loop takes less than one instruction.
        if counts.get(name).is_none_or(|count| *count < 1.0) {
            return Err(format!("gungraun did not count {name}"));
        }
    }
    without_the_loop(counts)
}

/// Fails unless the program of gungraun has the version of the library, which refuses any other.
fn require_runner() -> Result<(), String> {
    let package = output(host_cargo("pkgid").arg("gungraun-runner"))?;
    let (_, version) = package
        .trim_end()
        .rsplit_once('@')
        .ok_or_else(|| format!("cargo pkgid said: {package}"))?;
    let found = Command::new("gungraun-runner").arg("--version").output();
    if found.is_ok_and(|found| found.stdout == format!("gungraun-runner {version}\n").as_bytes()) {
        return Ok(());
    }
    Err(format!(
        "the program gungraun-runner {version} is needed; run: cargo install --locked gungraun-runner --version {version}"
    ))
}

/// The operation that a summary of gungraun is of, and its executed instructions.
fn counted(summary: &str) -> Option<(String, f64)> {
    let summary: Value = serde_json::from_str(summary).ok()?;
    let data = &summary["profiles"][0]["data"];
    let command = data["parts"][0]["tool_run"]["new"]["command"].as_str()?;
    let (_, name) = command.rsplit_once(' ')?;
    let count = data["total"]["metrics"]["Ir"]["values"]["new"].as_f64()?;
    Some((name.to_owned(), count))
}

fn without_the_loop(mut counts: Executed) -> Result<Executed, String> {
    let nothing = counts
        .remove("nothing.nothing")
        .ok_or("nobody ran the empty loop")?;
    // What begins and ends a loop is less than a hundredth of its instructions.
    let rounded = |count: f64| ((count - nothing) * 100.0).round() / 100.0;
    Ok(counts
        .into_iter()
        .map(|(name, count)| (name, rounded(count)))
        .collect())
}
