//! Executed instructions of each operation in a loop: at EL2 under QEMU, and in a Linux process under callgrind. Both
//! count every instruction, and give the same numbers each time.

use std::{collections::BTreeMap, process::Command};

use crate::cargo::{AARCH64, bare_cargo, host_cargo, output, program};

/// Instructions of one iteration, without the empty loop's: `<crate>.<operation>`.
pub(crate) type Executed = BTreeMap<String, f64>;

/// How often QEMU's image repeats an operation.
const REPETITIONS: f64 = 1e6;

/// At EL2.
pub(crate) fn at_el2() -> Result<Executed, String> {
    output(bare_cargo(AARCH64, "build").args(["--release", "--package", "el2"]))?;
    // One instruction takes one nanosecond, and the counter of this CPU counts nanoseconds.
    let machine = "-M virt,virtualization=on,gic-version=3 -cpu max -icount shift=0 -smp 1 -m 256M -nographic -nic none \
                   -semihosting";
    let text = output(
        Command::new("timeout")
            .args(["120", "qemu-system-aarch64"])
            .args(machine.split_whitespace())
            .arg("-kernel")
            .arg(program(Some(AARCH64), "el2")),
    )?;
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
    let build = [
        "--release",
        "--quiet",
        "--package",
        "process",
        "--features",
        "linux-gs",
    ];
    output(host_cargo("build").args(build))?;
    let process = program(None, "process");
    let mut counts = BTreeMap::new();
    for name in output(&mut Command::new(&process))?.lines() {
        // Masking interrupts is a system call there.
        if name.contains(".increment_masked") {
            continue;
        }
        let count = |repetitions: u32| -> Result<f64, String> {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
            // What valgrind says goes to standard output.
            valgrind.args(["--log-fd=1", "--error-exitcode=9"]);
            let text = output(
                valgrind
                    .arg(&process)
                    .arg(name)
                    .arg(repetitions.to_string()),
            )?;
            let collected = text
                .lines()
                .find_map(|line| line.split_once("Collected : "));
            let (_, collected) = collected.ok_or_else(|| format!("valgrind said: {text}"))?;
            collected
                .trim()
                .parse()
                .map_err(|_| format!("valgrind said: {text}"))
        };
        let (few, many) = (100_000, 200_000);
        let per_iteration = (count(many)? - count(few)?) / f64::from(many - few);
        counts.insert(name.to_owned(), per_iteration);
    }
    without_the_loop(counts)
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
