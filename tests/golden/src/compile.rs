//! Compiling a package for a target that is not this machine's.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, PoisonError},
};

use cargo_metadata::Message;
use links::tools::{root, run};

/// A mode's library takes the place of the last mode's, so it is copied before the next one is compiled.
static ONE_BY_ONE: Mutex<()> = Mutex::new(());

/// What cargo made.
#[derive(Debug)]
pub struct Compiled {
    /// The package's library: an archive with one object file.
    pub library: PathBuf,
    /// The libraries that it calls.
    pub dependencies: Vec<PathBuf>,
}

/// Compiles a library of the workspace, optimized and without checks, as one unit of code.
///
/// # Panics
///
/// If it does not compile, with cargo's output.
pub fn compile(package: &str, target: &str, cargo: &[&str], rustc: &[&str]) -> Compiled {
    let _held = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = output(package, target, cargo, rustc);
    assert!(
        output.status.success(),
        "{package} does not compile for {target} with {cargo:?} {rustc:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (mut library, mut dependencies) = (None, Vec::new());
    for message in Message::parse_stream(&*output.stdout) {
        let Message::CompilerArtifact(artifact) = message.expect("cargo prints its messages")
        else {
            continue;
        };
        let files = artifact.filenames.into_iter().map(PathBuf::from);
        let mut libraries = files.filter(|file| file.extension().is_some_and(|end| end == "rlib"));
        if artifact.target.name == package {
            library = libraries.next();
        } else {
            dependencies.extend(libraries);
        }
    }
    let library = library.unwrap_or_else(|| panic!("cargo made no library of {package}"));
    Compiled {
        library: keep(&library, &[cargo, rustc].concat()),
        dependencies,
    }
}

/// What the compiler and the assembler say against a library of the workspace: one sentence an error.
///
/// # Panics
///
/// If it compiles.
pub fn errors(package: &str, target: &str, cargo: &[&str]) -> Vec<String> {
    let _held = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = output(package, target, cargo, &[]);
    assert!(
        !output.status.success(),
        "{package} compiles for {target} with {cargo:?}"
    );
    let text = String::from_utf8_lossy(&output.stderr);
    let errors = text.lines().filter_map(|line| line.strip_prefix("error: "));
    let errors = errors.filter(|error| !error.starts_with("could not compile"));
    errors.map(str::to_owned).collect()
}

/// Runs cargo with the compiler for the target.
fn output(package: &str, target: &str, cargo: &[&str], rustc: &[&str]) -> Output {
    let script = r#"source scripts/common.sh && bare_cargo "$@""#;
    run(Command::new("bash")
        .args([
            "-c",
            script,
            "golden",
            target,
            "rustc",
            "--release",
            "--lib",
        ])
        .args([
            "--message-format=json-render-diagnostics",
            "--package",
            package,
        ])
        .args(cargo)
        .args(["--", "-Ccodegen-units=1"])
        .args(rustc)
        .current_dir(root())
        // These are libraries of the tests' compiler, which may be another one than the target's.
        .env_remove("LD_LIBRARY_PATH"))
}

/// Copies a library to a name that no other arguments have.
fn keep(library: &Path, arguments: &[&str]) -> PathBuf {
    let name = arguments.concat().replace(['/', '"'], "");
    let kept = library.with_extension(format!("{name}.rlib"));
    std::fs::copy(library, &kept)
        .unwrap_or_else(|error| panic!("{} cannot be copied: {error}", library.display()));
    kept
}

/// The version of the compiler for a target: "1.96".
///
/// # Panics
///
/// If there is none, or it does not tell.
pub fn rustc_version(target: &str) -> String {
    let script = r#"source scripts/common.sh && bare_rustc_version "$1""#;
    let output = run(Command::new("bash")
        .args(["-c", script, "golden", target])
        .current_dir(root())
        .env_remove("LD_LIBRARY_PATH"));
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let (version, _patch) = version
        .trim()
        .rsplit_once('.')
        .unwrap_or_else(|| panic!("no compiler for {target}: {output:?}"));
    version.to_owned()
}
