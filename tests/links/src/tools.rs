//! Where the programs are, and running them.

use std::{
    env, iter,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// The workspace's root.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.ancestors().nth(2);
        root.expect("this package is two levels below the root")
            .to_path_buf()
    })
}

/// Where cargo leaves what it builds. It is one place for all, so that what packages have in common is compiled once.
pub fn target_directory() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => directory.into(),
        None => root().join("target"),
    }
}

/// Runs a program to its end.
///
/// # Panics
///
/// If it does not start, with the way to install it.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        let program = command.get_program().to_string_lossy().into_owned();
        panic!("{program} does not start ({error}); scripts/setup.sh --tests installs it")
    })
}

/// LLVM's disassembler, which Debian installs with its version in the name.
pub fn llvm_objdump() -> &'static Path {
    static OBJDUMP: OnceLock<PathBuf> = OnceLock::new();
    OBJDUMP.get_or_init(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        let names = (14..40)
            .rev()
            .map(|version| format!("llvm-objdump-{version}"));
        // The newest first: an old one does not know every architecture.
        names
            .chain(iter::once("llvm-objdump".to_owned()))
            .flat_map(|name| env::split_paths(&path).map(move |directory| directory.join(&name)))
            .find(|program| program.is_file())
            .unwrap_or_else(|| PathBuf::from("llvm-objdump"))
    })
}

/// The linker of the Rust toolchain, or else the system's.
pub fn rust_lld() -> &'static Path {
    static LLD: OnceLock<PathBuf> = OnceLock::new();
    LLD.get_or_init(|| {
        let output = run(Command::new("rustc").args(["--print", "sysroot"]));
        let sysroot = String::from_utf8(output.stdout).expect("rustc prints UTF-8");
        let hosts = Path::new(sysroot.trim()).join("lib/rustlib");
        let own = hosts.read_dir().ok().into_iter().flatten();
        own.filter_map(|host| Some(host.ok()?.path().join("bin/rust-lld")))
            .find(|lld| lld.is_file())
            .unwrap_or_else(|| PathBuf::from("rust-lld"))
    })
}
