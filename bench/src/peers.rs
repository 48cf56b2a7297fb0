//! The same operations with every crate, in every mode.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use golden::{compile, functions};
use links::tools::{root, run, rust_lld};

use crate::{
    cost::{Code, Cost},
    crates::CRATES,
    isa::Isa,
    ostd::Ostd,
};

/// The operations in the order in which tables show them.
pub(crate) const OPERATIONS: [&str; 51] = [
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
    "increment_by_reference_hot",
    "increment_by_reference",
    "add_one_hot",
    "add_one",
    "add_hot",
    "add",
    "pointer_hot",
    "pointer",
    "read_three_hot",
    "read_three",
    "read_pinned_hot",
    "read_pinned",
    "read_new_pin_hot",
    "read_new_pin",
    "write_pinned_hot",
    "write_pinned",
    "write_new_pin_hot",
    "write_new_pin",
    "increment_pinned_hot",
    "increment_pinned",
    "increment_new_pin_hot",
    "increment_new_pin",
    "add_pinned_hot",
    "add_pinned",
    "add_new_pin_hot",
    "add_new_pin",
    "read_three_pinned_hot",
    "read_three_pinned",
    "increment_masked_hot",
    "increment_masked",
    "read_remote_hot",
    "read_remote",
    "read_remote_checked_hot",
    "read_remote_checked",
    "read_remote_unchecked",
    "read_dynamic",
    "write_dynamic",
    "increment_dynamic",
    "add_one_dynamic",
    "add_dynamic",
    "read_remote_dynamic",
];

/// A target with a set of features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    target: &'static str,
    cargo: &'static [&'static str],
    rustc: &'static [&'static str],
    /// The C compiler's options, where there is C to compare with.
    c: Option<&'static [&'static str]>,
}

const AARCH64: &str = "aarch64-unknown-none-softfloat";

/// How the names of the modes end whose templates may have any size and address, in position-independent images too.
pub(crate) const ANY_ADDRESS: &str = "any address";
/// How the name of the mode ends that has one instruction for an addition.
pub(crate) const LSE: &str = "LSE";

const fn mode(name: &'static str, target: &'static str, cargo: &'static [&'static str]) -> Mode {
    Mode {
        name,
        target,
        cargo,
        rustc: &[],
        c: None,
    }
}

const fn any_address(name: &'static str, target: &'static str) -> Mode {
    Mode {
        rustc: &["-Crelocation-model=pie"],
        ..mode(name, target, &["--features=non-zero-vma"])
    }
}

/// All modes.
pub(crate) const MODES: [Mode; 11] = [
    Mode {
        c: Some(&[]),
        ..mode("aarch64", AARCH64, &[])
    },
    Mode {
        rustc: &["-Ctarget-feature=+lse"],
        c: Some(&["-march=armv8.1-a"]),
        ..mode("aarch64 with LSE", AARCH64, &[])
    },
    mode("riscv64", "riscv64gc-unknown-none-elf", &[]),
    mode("loongarch64", "loongarch64-unknown-none-softfloat", &[]),
    mode("x86_64", "x86_64-unknown-none", &[]),
    mode("armv7a", "armv7a-none-eabi", &[]),
    Mode {
        c: Some(&[]),
        ..any_address("aarch64, any address", AARCH64)
    },
    any_address("riscv64, any address", "riscv64gc-unknown-none-elf"),
    any_address(
        "loongarch64, any address",
        "loongarch64-unknown-none-softfloat",
    ),
    any_address("x86_64, any address", "x86_64-unknown-none"),
    any_address("armv7a, any address", "armv7a-none-eabi"),
];

/// What was found in a mode.
#[derive(Debug)]
pub(crate) struct Found {
    /// The mode's name.
    pub(crate) mode: &'static str,
    /// Crate, then operation.
    pub(crate) costs: BTreeMap<&'static str, BTreeMap<String, Cost>>,
    /// The crates that a position-independent image cannot have, if the mode promises such images.
    pub(crate) fixed: BTreeSet<&'static str>,
}

/// What was found in all modes, in their order.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) modes: Vec<Found>,
}

impl Comparison {
    /// Compiles and looks.
    ///
    /// # Panics
    ///
    /// If something does not compile, or percpu-hv is not position-independent where it promises to be.
    pub(crate) fn measure() -> Result<Self, String> {
        let mut modes: Vec<_> = MODES.iter().map(Mode::look).collect();
        for (name, operations) in Ostd::from_results()?.costs {
            let found = modes.iter_mut().find(|found| found.mode == name);
            let found = found.ok_or_else(|| format!("OSTD was measured in no mode: {name}"))?;
            found.costs.insert("ostd", operations);
        }
        Ok(Self { modes })
    }
}

impl Mode {
    fn look(&self) -> Found {
        let compiled = compile("peers", self.target, self.cargo, self.rustc);
        let called = [
            "libpercpu",
            "libax_percpu",
            "libax_lazyinit",
            "libax_cpu",
            "libcpu_local",
            "libpercore",
        ];
        let code = Code::of(self.target, &compiled, &called);
        let mut costs: BTreeMap<_, _> = CRATES
            .iter()
            .map(|&name| (name, code.operations(name)))
            .filter(|(_, operations)| !operations.is_empty())
            .collect();
        let mut fixed = BTreeSet::new();
        if self.name.ends_with(ANY_ADDRESS) {
            for (name, operations) in &costs {
                let functions = operations
                    .keys()
                    .map(|operation| format!("{name}.{operation}"));
                if !is_position_independent(&compiled.library, functions) {
                    fixed.insert(*name);
                }
            }
            assert!(
                !fixed.contains(CRATES[0]),
                "{} does not link into a position-independent image: {}",
                CRATES[0],
                self.name
            );
        }
        if let Some(options) = self.c {
            costs.insert("linux", linux(options));
            costs.insert("c_thread_local", thread_local_of_c(options));
        }
        Found {
            mode: self.name,
            costs,
            fixed,
        }
    }
}

/// Whether the linker takes functions of a library into a position-independent image.
///
/// # Panics
///
/// If it refuses them for another reason.
fn is_position_independent(library: &Path, functions: impl Iterator<Item = String>) -> bool {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // Only what the functions themselves refer to: what they call may have been compiled for another place.
    let usual =
        "-flavor gnu -pie --no-dynamic-linker --gc-sections --unresolved-symbols=ignore-all";
    let output = run(Command::new(rust_lld())
        .args(usual.split(' '))
        .args(functions.map(|function| format!("--undefined={function}")))
        .arg(library)
        .arg("-o")
        .arg(directory.path().join("image")));
    let errors = String::from_utf8_lossy(&output.stderr);
    let refused = errors.contains("recompile with -fPIC");
    assert!(output.status.success() || refused, "{errors}");
    output.status.success()
}

/// The operations in C, as a Linux kernel has them.
fn linux(options: &[&str]) -> BTreeMap<String, Cost> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let object = directory.path().join("this_cpu.o");
    let source = root().join("bench/linux/this_cpu.c");
    compile_c(&source, &object, &[&["-c"], options].concat());
    Code::new(Isa::Aarch64, functions(&object)).operations("linux")
}

/// The operations on thread-local variables of C, up to 16 MiB and, as hot ones, up to 4 KiB behind the thread pointer.
///
/// # Panics
///
/// If it does not compile.
fn thread_local_of_c(options: &[&str]) -> BTreeMap<String, Cost> {
    let source = root().join("bench/tls/thread_local.c");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut all = Vec::new();
    for of_size in [&["-mtls-size=24"][..], &["-mtls-size=12", "-DHOT"]] {
        let [assembly, object] =
            ["s", "o"].map(|end| directory.path().join("thread_local").with_extension(end));
        let own = ["-S", "-ftls-model=local-exec", "-mno-outline-atomics"];
        compile_c(&source, &assembly, &[&own, of_size, options].concat());
        // GCC has the option -mtp=el2 since version 14 only.
        let text = fs::read_to_string(&assembly).expect("the compiler wrote it");
        assert!(text.contains("tpidr_el0"), "{text}");
        fs::write(&assembly, text.replace("tpidr_el0", "tpidr_el2")).expect("it can be written");
        compile_c(&assembly, &object, &[&["-c"], options].concat());
        all.extend(functions(&object));
    }
    Code::new(Isa::Aarch64, all).operations("c_thread_local")
}

/// Compiles C as a kernel does.
///
/// # Panics
///
/// If it does not compile.
fn compile_c(source: &Path, output: &Path, options: &[&str]) {
    let usual = "-O2 -ffreestanding -fno-pic -mgeneral-regs-only -fomit-frame-pointer \
                 -fno-asynchronous-unwind-tables -Wall -Wextra -Werror";
    let found = run(Command::new("aarch64-linux-gnu-gcc")
        .args(usual.split_whitespace())
        .args(options)
        .arg(source)
        .arg("-o")
        .arg(output));
    assert!(
        found.status.success(),
        "{}",
        String::from_utf8_lossy(&found.stderr)
    );
}
