//! Running cargo and what it makes.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use links::tools::{root, run, target_directory};

/// The Rust target of a hypervisor.
pub(crate) const AARCH64: &str = "aarch64-unknown-none-softfloat";

/// cargo for bare metal, with the toolchain that setup.sh provides.
pub(crate) fn bare_cargo(target: &str, subcommand: &str) -> Command {
    let script = r#"source scripts/common.sh && bare_cargo "$@""#;
    let mut cargo = Command::new("bash");
    cargo
        .args(["-c", script, "bench", target, subcommand])
        .current_dir(root())
        .env_remove("LD_LIBRARY_PATH");
    cargo
}

/// cargo for this machine.
pub(crate) fn host_cargo(subcommand: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg(subcommand).current_dir(root());
    cargo
}

/// Runs a command to its end, and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let Output {
        status,
        stdout,
        stderr,
    } = run(command);
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    Err(format!(
        "{command:?} ended with {status}:\n{stdout}{stderr}"
    ))
}

/// Builds an image of that name with features of its package, boots it at EL2 under QEMU on so many cores, and gives what it printed.
///
/// One instruction takes one nanosecond, and the counter of the CPU counts nanoseconds.
pub(crate) fn boot(image: &str, features: &str, cpus: usize) -> Result<String, String> {
    let build = ["--release", "--package", image, "--features", features];
    output(bare_cargo(AARCH64, "build").args(build))?;
    let machine = format!(
        "-M virt,virtualization=on,gic-version=3 -cpu max -icount shift=0 -smp {cpus} -m 256M -nographic -nic none \
         -semihosting"
    );
    output(
        Command::new("timeout")
            .args(["120", "qemu-system-aarch64"])
            .args(machine.split_whitespace())
            .arg("-kernel")
            .arg(program(Some(AARCH64), image)),
    )
}

/// Where a program of the release profile is: for this machine without a target.
pub(crate) fn program(target: Option<&str>, name: &str) -> PathBuf {
    let directory = target_directory().join(target.unwrap_or_default());
    directory.join("release").join(name)
}
