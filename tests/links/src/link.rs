//! Linking by hand, with the arguments that rustc would pass.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    arch::Arch,
    elf::Elf,
    tools::{root, run, rust_lld},
};

/// A linker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linker {
    /// `rust-lld`.
    Lld,
    /// GNU `ld`.
    Gnu,
}

impl Linker {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Lld, Self::Gnu];

    /// Those that scripts/setup.sh installs for an architecture.
    pub fn all_for(arch: Arch) -> &'static [Self] {
        match arch {
            Arch::Aarch64 | Arch::RiscV64 | Arch::X86_64 => &Self::ALL,
            Arch::Aarch64BigEndian | Arch::Arm | Arch::LoongArch64 => &[Self::Lld],
        }
    }

    fn command(self, arch: Arch) -> Command {
        match self {
            Self::Lld => {
                let mut lld = Command::new(rust_lld());
                lld.args(["-flavor", "gnu"]);
                lld
            }
            Self::Gnu => {
                let mut ld = Command::new(format!("{}-linux-gnu-ld", arch.name()));
                ld.arg("--no-warn-rwx-segments");
                ld
            }
        }
    }
}

/// A link to be done. The order of the calls is the order on the command line.
#[derive(Debug)]
#[must_use]
pub struct Link {
    linker: Linker,
    arch: Arch,
    archive: PathBuf,
    fragment: PathBuf,
    arguments: Vec<OsString>,
    kind: &'static str,
    directory: tempfile::TempDir,
}

impl Link {
    pub(crate) fn new(linker: Linker, arch: Arch, archive: &Path, fragment: &Path) -> Self {
        Self {
            linker,
            arch,
            archive: archive.to_owned(),
            fragment: fragment.to_owned(),
            arguments: Vec::new(),
            kind: "-static",
            directory: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Defines `PERCPU_CPU_NUM`.
    pub fn cpus(self, count: usize) -> Self {
        self.arg(format!("--defsym=PERCPU_CPU_NUM={count}"))
    }

    /// Defines `PERCPU_TABLE_NUM`.
    pub fn slots(self, count: usize) -> Self {
        self.arg(format!("--defsym=PERCPU_TABLE_NUM={count}"))
    }

    /// Adds a script: of `tests/links/scripts`, or of percpu-hv.
    pub fn script(self, name: &str) -> Self {
        self.arg("-T").arg(name)
    }

    /// Adds a script that is not in a file.
    ///
    /// # Panics
    ///
    /// If the temporary directory is not writable.
    pub fn script_text(self, text: &str) -> Self {
        let path = self.directory.path().join("script.ld");
        fs::write(&path, text).expect("the directory is writable");
        self.arg("-T").arg(path)
    }

    /// Adds hv-boot's script, which says how many CPUs there are.
    pub fn board(self) -> Self {
        let platform = self.arch.platform();
        let script = format!("examples/hv-boot/src/platform/{platform}/image.ld");
        self.arg("-T").arg(root().join(script))
    }

    /// Takes percpu.x from another directory than that of the image's build.
    pub fn fragment_in(mut self, directory: &Path) -> Self {
        self.fragment = directory.to_owned();
        self
    }

    /// Adds hv-boot's script, but with the template at `address`, and as many bytes as `tail` says behind it that no
    /// variable has.
    pub fn template_at(mut self, address: u64, tail: u64) -> Self {
        self.fragment = root().join("tests/links/scripts/elsewhere");
        self.arg(format!("--defsym=TEMPLATE={address:#x}"))
            .arg(format!("--defsym=TAIL={tail:#x}"))
            .board()
    }

    /// Makes the image position-independent.
    pub fn pie(mut self) -> Self {
        self.kind = "-pie";
        self
    }

    /// Links.
    ///
    /// # Errors
    ///
    /// What the linker says if it refuses.
    ///
    /// # Panics
    ///
    /// If the linker does not start.
    pub fn run(self) -> Result<Elf, String> {
        let path = self.directory.path().join("image");
        let mut command = self.linker.command(self.arch);
        command
            .args(["--gc-sections", "--no-dynamic-linker", self.kind, "-L"])
            .arg(root().join("tests/links/scripts"))
            .arg("-L")
            .arg(&self.fragment)
            .args(&self.arguments)
            .arg(&self.archive)
            .arg("-o")
            .arg(&path);
        let output = run(&mut command);
        if output.status.success() {
            Ok(Elf::new(self.directory, path))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}
