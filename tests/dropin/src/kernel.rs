//! The ArceOS kernel: configured, built, and turned into what QEMU boots.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use links::{Boot, End};
use object::{
    Endianness,
    read::elf::{FileHeader, ProgramHeader},
};

use crate::{Package, places::work_directory};

/// An architecture that ArceOS runs on, with its platform in QEMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// QEMU's `virt` at EL1.
    Aarch64,
    /// QEMU's `virt` in supervisor mode.
    Riscv64,
    /// A PC.
    X86_64,
}

impl Arch {
    /// Its Rust target.
    pub fn target(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-none-softfloat",
            Self::Riscv64 => "riscv64gc-unknown-none-elf",
            Self::X86_64 => "x86_64-unknown-none",
        }
    }

    /// The published crate that drives its platform.
    fn platform(self) -> &'static str {
        match self {
            Self::Aarch64 => "axplat-aarch64-qemu-virt",
            Self::Riscv64 => "axplat-riscv64-qemu-virt",
            Self::X86_64 => "axplat-x86-pc",
        }
    }

    fn machine(self) -> (&'static str, &'static str) {
        match self {
            Self::Aarch64 => (
                "qemu-system-aarch64",
                "-M virt,gic-version=2 -cpu cortex-a72",
            ),
            Self::Riscv64 => ("qemu-system-riscv64", "-M virt -bios default"),
            Self::X86_64 => ("qemu-system-x86_64", "-M q35 -cpu max"),
        }
    }
}

/// The percpu that the kernel's crates take where nothing is patched.
pub const PERCPU: &str = "0.2.3-preview.1";

/// `packages/kernel` with that one.
///
/// # Panics
///
/// If cargo cannot resolve it.
pub fn unpatched() -> Package {
    Package::named("kernel").changed("unpatched", |manifest| {
        let lines = manifest.lines();
        let others = lines.filter(|line| !line.starts_with("percpu-0-"));
        let others: String = others.map(|line| format!("{line}\n")).collect();
        others.replace(
            &format!("\npercpu = \"{PERCPU}\""),
            &format!("\npercpu = \"={PERCPU}\""),
        )
    })
}

/// A program of `packages/kernel`, and how it is built and run.
#[derive(Debug, Clone, Copy)]
struct Program {
    name: &'static str,
    profile: &'static str,
    cpus: usize,
    /// What it adds to the options of QEMU.
    options: &'static str,
}

const COUNTS: Program = Program {
    name: "kernel",
    profile: "dev",
    cpus: 4,
    options: "",
};

const WORK: Program = Program {
    name: "work",
    profile: "release",
    cpus: 1,
    options: " -icount shift=0",
};

/// A kernel made of published crates.
#[derive(Debug)]
pub struct Kernel {
    program: Program,
    arch: Arch,
    elf: PathBuf,
}

impl Kernel {
    /// Builds that of `package` which counts on four CPUs.
    ///
    /// # Errors
    ///
    /// cargo's output, if it does not build.
    pub fn build(package: &Package, arch: Arch, features: &[&str]) -> Result<Self, String> {
        Self::of(COUNTS, package, arch, features)
    }

    /// Builds that of `package` which does a fixed amount of work: optimized, for one CPU, where an instruction takes a
    /// nanosecond.
    ///
    /// # Errors
    ///
    /// cargo's output, if it does not build.
    pub fn of_work(package: &Package, arch: Arch, features: &[&str]) -> Result<Self, String> {
        Self::of(WORK, package, arch, features)
    }

    fn of(
        program: Program,
        package: &Package,
        arch: Arch,
        features: &[&str],
    ) -> Result<Self, String> {
        let config = configure(package, arch, program.cpus);
        let options = [
            &format!("--bin={}", program.name),
            &format!("--profile={}", program.profile),
            &format!("--features={}", features.join(",")),
        ];
        let options = options.map(String::as_str);
        let built = package.build(arch.target(), &options, &[("AX_CONFIG_PATH", &config)])?;
        let elf = built.into_iter().find_map(|artifact| artifact.executable);
        let built = elf.expect("the package is a program").into_std_path_buf();
        // The next build, of another package or with other features, replaces it.
        let package = package.directory().file_name().and_then(OsStr::to_str);
        let package = package.expect("a package has a name");
        let name = [&[package, program.name, arch.platform()], features].concat();
        let elf = config.with_file_name(name.join("-") + ".elf");
        fs::copy(built, &elf).expect("the target directory is writable");
        Ok(Self { program, arch, elf })
    }

    /// The linked image.
    pub fn elf(&self) -> &Path {
        &self.elf
    }

    /// Boots it and waits until it stops the machine.
    ///
    /// # Panics
    ///
    /// If it does not start, or does not stop in time.
    pub fn run(&self) -> End {
        let image = match self.arch {
            // A multiboot loader, which wants the ELF file.
            Arch::X86_64 => self.elf.clone(),
            // Linked high, it is loaded like Linux: as a flat image.
            Arch::Aarch64 | Arch::Riscv64 => flatten(&self.elf),
        };
        let (emulator, options) = self.arch.machine();
        let Program {
            cpus,
            options: more,
            ..
        } = self.program;
        let options = format!("{options} -smp {cpus} -m 128M{more}");
        let end = Boot::machine(emulator, &options, &image).run();
        fs::write(self.elf.with_extension("console"), &end.console)
            .expect("the target directory is writable");
        end
    }
}

/// Writes the configuration that ArceOS's crates are compiled with: that of the platform, for so many CPUs.
fn configure(package: &Package, arch: Arch, cpus: usize) -> PathBuf {
    let metadata = package.metadata(arch.target());
    let platform = metadata
        .packages
        .iter()
        .find(|package| package.name == arch.platform() && package.version.minor == 3)
        .expect("axstd depends on the platform");
    let given = platform.manifest_path.with_file_name("axconfig.toml");
    let given = fs::read_to_string(given).expect("the platform brings its configuration");
    let one = "\nmax-cpu-num = 1 ";
    assert!(
        given.contains(one),
        "the number of CPUs is not where it was"
    );
    let config = given.replace(one, &format!("\nmax-cpu-num = {cpus} "));
    let config = format!("task-stack-size = 0x40000 # uint\nticks-per-sec = 100 # uint\n{config}");

    let path = work_directory().join(format!("{}-{cpus}.toml", arch.platform()));
    fs::create_dir_all(work_directory()).expect("the target directory is writable");
    // A newer file has all of ArceOS compiled again.
    if fs::read_to_string(&path).ok().as_deref() != Some(&config) {
        fs::write(&path, config).expect("the target directory is writable");
    }
    path
}

/// The bytes of an ELF file as they lie in memory, from its lowest address.
fn flatten(elf: &Path) -> PathBuf {
    let data = fs::read(elf).expect("cargo built it");
    let header = object::elf::FileHeader64::<Endianness>::parse(&*data).expect("an ELF file");
    let endian = header.endian().expect("an ELF file");
    let segments = header.program_headers(endian, &*data).expect("segments");
    let loaded = segments.iter().filter(|segment| {
        segment.p_type(endian) == object::elf::PT_LOAD && segment.p_filesz(endian) != 0
    });
    let base = loaded.clone().map(|segment| segment.p_paddr(endian)).min();
    let base = base.expect("something is loaded");
    let mut image = Vec::new();
    for segment in loaded {
        let bytes = segment.data(endian, &*data).expect("its bytes");
        let start = usize::try_from(segment.p_paddr(endian) - base).expect("it fits in memory");
        image.resize(image.len().max(start + bytes.len()), 0);
        image[start..][..bytes.len()].copy_from_slice(bytes);
    }
    let path = elf.with_extension("bin");
    fs::write(&path, image).expect("the target directory is writable");
    path
}
