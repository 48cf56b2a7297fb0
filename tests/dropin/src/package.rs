//! Packages that depend on published crates.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cargo_metadata::{Artifact, Message, Metadata, MetadataCommand};
use links::tools::{root, target_directory};

use crate::places::{copy_directory, staging};

/// A package, by its directory.
#[derive(Debug, Clone)]
pub struct Package {
    directory: PathBuf,
}

impl Package {
    /// The one called `name` in `packages/`.
    pub fn named(name: &str) -> Self {
        Self::at(&root().join("tests/dropin/packages").join(name))
    }

    /// The one in `directory`.
    pub fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// A copy called `name` with another manifest, resolved anew as far as that asks for it.
    ///
    /// # Panics
    ///
    /// If nothing was changed, or cargo cannot resolve it.
    pub fn changed(&self, name: &str, change: impl FnOnce(&str) -> String) -> Self {
        let staged = staging(name);
        copy_directory(&self.directory, &staged);
        let (manifest, lock) = (staged.join("Cargo.toml"), staged.join("Cargo.lock"));
        let read = |file| fs::read_to_string(file).expect("a package has it");
        let write =
            |file, text: String| fs::write(file, text).expect("the target directory is writable");

        let given = read(&manifest);
        let changed = change(&given);
        assert_ne!(given, changed, "nothing was changed");
        // In one target directory cargo tells packages of different workspaces apart by name alone.
        let changed = changed.replacen("name = \"", &format!("name = \"{name}-"), 1);
        let absolute = format!("\"{}/", root().display());
        write(&manifest, changed.replace("\"../../../../", &absolute));
        // Which percpu is taken is open.
        let others = read(&lock);
        let others = others.split("[[package]]\n");
        let others = others.filter(|package| !package.starts_with("name = \"percpu\"\n"));
        write(&lock, others.collect::<Vec<_>>().join("[[package]]\n"));

        let package = Self::at(&staged);
        let resolved = package.cargo(&["metadata", "--format-version=1"]);
        resolved.unwrap_or_else(|error| panic!("{name}: {error}"));
        package
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Builds it for a bare-metal target as its lock file says, with these options of cargo, and gives what was made.
    ///
    /// # Errors
    ///
    /// cargo's output, if it does not build.
    pub fn build(
        &self,
        target: &str,
        options: &[&str],
        environment: &[(&str, &Path)],
    ) -> Result<Vec<Artifact>, String> {
        let script = r#"source "$1" && shift && bare_cargo "$@""#;
        let output = run(Command::new("bash")
            .args(["-c", script, "dropin"])
            .arg(root().join("scripts/common.sh"))
            .args([target, "build", "--locked"])
            .arg("--message-format=json-render-diagnostics")
            .args(options)
            .arg("--target-dir")
            .arg(target_directory())
            .current_dir(&self.directory)
            .envs(environment.iter().copied())
            // These are libraries of the tests' compiler, which may be another one than the kernel's.
            .env_remove("LD_LIBRARY_PATH"));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let messages = Message::parse_stream(&*output.stdout);
        Ok(messages
            .filter_map(
                |message| match message.expect("cargo prints its messages") {
                    Message::CompilerArtifact(artifact) => Some(artifact),
                    _ => None,
                },
            )
            .collect())
    }

    /// Runs a cargo command for the host in it, and gives all that it printed.
    ///
    /// # Errors
    ///
    /// The same, if the command fails.
    pub fn cargo(&self, arguments: &[&str]) -> Result<String, String> {
        let output = run(host_cargo()
            .args(arguments)
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", target_directory()));
        let text = [&*output.stdout, &*output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(text)
        }
    }

    /// The packages that it is made of on `target`.
    ///
    /// # Panics
    ///
    /// If cargo cannot tell; a lock file that does not fit the manifests any more is one reason.
    pub fn metadata(&self, target: &str) -> Metadata {
        let options = ["--locked", "--all-features", "--filter-platform", target];
        MetadataCommand::new()
            .cargo_path(env::var_os("CARGO").expect("cargo sets CARGO for tests"))
            .current_dir(&self.directory)
            .other_options(options.map(Into::into))
            .exec()
            .unwrap_or_else(|error| {
                panic!(
                    "cargo metadata fails in {}: {error}\n\
                     if a manifest changed, `cargo metadata` there without --locked adapts the lock file",
                    self.directory.display()
                )
            })
    }
}

/// The cargo that runs the tests.
fn host_cargo() -> Command {
    Command::new(env::var_os("CARGO").expect("cargo sets CARGO for tests"))
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!(
            "{} does not start ({error}); scripts/setup.sh --tests installs it",
            command.get_program().to_string_lossy()
        )
    })
}
