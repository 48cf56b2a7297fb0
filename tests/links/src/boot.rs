//! Booting an image in QEMU.

use std::{
    fmt,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use wait_timeout::ChildExt;

use crate::{arch::Arch, tools::root};

/// The images' own waits end after half a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// A machine with an image, to be started.
#[derive(Debug)]
#[must_use]
pub struct Boot {
    command: Command,
}

impl Boot {
    /// Four CPUs that start the image at EL2.
    pub fn el2(image: &Path) -> Self {
        Self::aarch64("virt,virtualization=on,gic-version=3", image)
    }

    /// Four CPUs without EL2.
    pub fn el1(image: &Path) -> Self {
        Self::aarch64("virt,gic-version=3", image)
    }

    fn aarch64(machine: &str, image: &Path) -> Self {
        let options = "-cpu cortex-a72 -smp 4 -m 256M -semihosting";
        let options = format!("-M {machine} {options}");
        Self::machine("qemu-system-aarch64", &options, image)
    }

    /// What the emulator's `options` describe, without screen and network.
    pub fn machine(emulator: &'static str, options: &str, image: &Path) -> Self {
        let mut command = Command::new(emulator);
        command.args(options.split(' '));
        command
            .args(["-nographic", "-nic", "none", "-kernel"])
            .arg(image);
        Self { command }
    }

    /// A machine of any architecture, as scripts/qemu-virt.sh knows it.
    pub fn on(arch: Arch, image: &Path) -> Self {
        let mut command = Command::new(root().join("scripts/qemu-virt.sh"));
        command.args(["--arch", arch.name(), "--image"]).arg(image);
        // These are libraries of the tests' compiler, which may be another one than the script looks for.
        command.env_remove("LD_LIBRARY_PATH");
        Self { command }
    }

    /// Has QEMU write all code that it comes to, disassembled, to `log`.
    pub fn log_code(mut self, log: &Path) -> Self {
        self.command.args(["-d", "in_asm", "-D"]).arg(log);
        self
    }

    /// Has QEMU write to `log` each time that one of the instructions at `addresses` runs, with all registers.
    pub fn log_registers(mut self, addresses: impl IntoIterator<Item = u64>, log: &Path) -> Self {
        let ranges: Vec<_> = addresses
            .into_iter()
            .map(|address| format!("{address:#x}+4"))
            .collect();
        self.command
            .args(["-accel", "tcg,one-insn-per-tb=on"])
            .args(["-d", "exec,cpu,nochain", "-dfilter", &ranges.join(",")])
            .arg("-D")
            .arg(log);
        self
    }

    /// Runs the machine until the image stops it.
    ///
    /// # Panics
    ///
    /// If it does not start, or does not stop in time.
    pub fn run(mut self) -> End {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("console");
        let console = File::create(&path).expect("the directory is writable");
        let errors = console.try_clone().expect("a second handle");
        let program = self.command.get_program().to_owned();
        let mut qemu = self
            .command
            .stdin(Stdio::null())
            .stdout(console)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{program:?} does not start ({error}); scripts/setup.sh --tests installs QEMU"
                )
            });
        let status = qemu.wait_timeout(PATIENCE).expect("QEMU can be waited for");
        if status.is_none() {
            // It may have stopped since; either way it is reaped.
            let _ = qemu.kill();
            let _ = qemu.wait();
        }
        let console = fs::read(&path).expect("QEMU wrote the console");
        let console = String::from_utf8_lossy(&console).into_owned();
        let Some(status) = status else {
            panic!("the image still ran after {PATIENCE:?}; its console:\n{console}");
        };
        End {
            status: status.code().unwrap_or(-1),
            console,
        }
    }
}

/// How a machine stopped.
#[derive(Debug)]
pub struct End {
    /// The image's status; -1 if QEMU was killed.
    pub status: i32,
    /// What the image and QEMU printed.
    pub console: String,
}

impl End {
    /// The lines of the console.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.console.lines()
    }

    /// Whether `line` stands on the console.
    pub fn said(&self, line: &str) -> bool {
        self.lines().any(|said| said == line)
    }

    /// What follows `prefix` in the first line that starts with it.
    ///
    /// # Panics
    ///
    /// If none does.
    pub fn value(&self, prefix: &str) -> &str {
        self.lines()
            .find_map(|line| line.strip_prefix(prefix))
            .unwrap_or_else(|| panic!("no line starts with `{prefix}`: {self}"))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}, console:\n{}", self.status, self.console)
    }
}
