//! The same operations with every crate, in every mode.

use std::{collections::BTreeMap, path::Path, process::Command};

use golden::{compile, functions};
use links::tools::{root, run};

use crate::{
    cost::{Code, Cost},
    isa::Isa,
};

/// The crates, as functions and loops are named: percpu-hv, and what it is compared with.
pub(crate) const CRATES: [&str; 6] = [
    "percpu-hv",
    "percpu",
    "ax-percpu",
    "percore",
    "linux",
    "thread_local",
];

/// The operations in the order in which tables show them.
pub(crate) const OPERATIONS: [&str; 21] = [
    "read_hot",
    "read",
    "write_hot",
    "write",
    "read_flag_hot",
    "read_flag",
    "write_flag_hot",
    "write_flag",
    "increment_hot",
    "increment",
    "add_one_hot",
    "add_one",
    "add_hot",
    "add",
    "pointer_hot",
    "pointer",
    "read_three_hot",
    "read_three",
    "increment_masked_hot",
    "increment_masked",
    "read_remote",
];

/// A target with a set of features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    target: &'static str,
    cargo: &'static [&'static str],
    rustc: &'static [&'static str],
    /// The C compiler's options, where there is a kernel in C to compare with.
    linux: Option<&'static [&'static str]>,
}

const AARCH64: &str = "aarch64-unknown-none-softfloat";
const NON_ZERO_VMA: &[&str] = &["--features=non-zero-vma"];

/// How the names of the modes end whose templates may have any size and address.
pub(crate) const ANY_ADDRESS: &str = "any address";
/// How the name of the mode ends that has one instruction for an addition.
pub(crate) const LSE: &str = "LSE";

const fn mode(name: &'static str, target: &'static str, cargo: &'static [&'static str]) -> Mode {
    Mode {
        name,
        target,
        cargo,
        rustc: &[],
        linux: None,
    }
}

/// All modes.
pub(crate) const MODES: [Mode; 11] = [
    Mode {
        linux: Some(&[]),
        ..mode("aarch64", AARCH64, &[])
    },
    Mode {
        rustc: &["-Ctarget-feature=+lse"],
        linux: Some(&["-march=armv8.1-a"]),
        ..mode("aarch64 with LSE", AARCH64, &[])
    },
    mode("riscv64", "riscv64gc-unknown-none-elf", &[]),
    mode("loongarch64", "loongarch64-unknown-none-softfloat", &[]),
    mode("x86_64", "x86_64-unknown-none", &[]),
    mode("armv7a", "armv7a-none-eabi", &[]),
    Mode {
        linux: Some(&[]),
        ..mode("aarch64, any address", AARCH64, NON_ZERO_VMA)
    },
    mode(
        "riscv64, any address",
        "riscv64gc-unknown-none-elf",
        NON_ZERO_VMA,
    ),
    mode(
        "loongarch64, any address",
        "loongarch64-unknown-none-softfloat",
        NON_ZERO_VMA,
    ),
    mode("x86_64, any address", "x86_64-unknown-none", NON_ZERO_VMA),
    mode("armv7a, any address", "armv7a-none-eabi", NON_ZERO_VMA),
];

/// The costs of a mode: crate, then operation.
pub(crate) type Costs = BTreeMap<String, BTreeMap<String, Cost>>;

/// The costs of all modes, in their order.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) modes: Vec<(String, Costs)>,
}

impl Comparison {
    /// Compiles and looks.
    ///
    /// # Panics
    ///
    /// If something does not compile.
    pub(crate) fn measure() -> Self {
        let modes = MODES
            .iter()
            .map(|mode| (mode.name.to_owned(), mode.costs()));
        Self {
            modes: modes.collect(),
        }
    }
}

impl Mode {
    fn costs(&self) -> Costs {
        let compiled = compile("peers", self.target, self.cargo, self.rustc);
        // The core library is large, and an operation calls it only to panic.
        let is_ours = |path: &&std::path::PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            [
                "libpercpu",
                "libax_percpu",
                "libax_lazyinit",
                "libax_cpu",
                "libcpu_local",
                "libpercore",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        };
        let dependencies = compiled.dependencies.iter().filter(is_ours);
        let libraries = std::iter::once(&compiled.library).chain(dependencies);
        let isa = Isa::of(self.target);
        let code = Code::new(isa, libraries.flat_map(|library| functions(library)));
        let mut costs: Costs = CRATES
            .iter()
            .map(|name| ((*name).to_owned(), code.operations(name)))
            .filter(|(_, operations)| !operations.is_empty())
            .collect();
        if let Some(options) = self.linux {
            costs.insert("linux".to_owned(), linux(options));
        }
        costs
    }
}

/// The operations in C.
fn linux(options: &[&str]) -> BTreeMap<String, Cost> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let object = directory.path().join("this_cpu.o");
    compile_c(&root().join("bench/linux/this_cpu.c"), &object, options);
    Code::new(Isa::Aarch64, functions(&object)).operations("linux")
}

/// Compiles C as a kernel does.
///
/// # Panics
///
/// If it does not compile.
pub(crate) fn compile_c(source: &Path, object: &Path, options: &[&str]) {
    let usual = "-O2 -ffreestanding -fno-pic -mgeneral-regs-only -fomit-frame-pointer \
                 -fno-asynchronous-unwind-tables -Wall -Wextra -Werror -c";
    let output = run(Command::new("aarch64-linux-gnu-gcc")
        .args(usual.split_whitespace())
        .args(options)
        .arg(source)
        .arg("-o")
        .arg(object));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
