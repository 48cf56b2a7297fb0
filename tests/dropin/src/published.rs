//! Running the tests that published crates bring, unchanged, against percpu-hv.

use std::{
    fs,
    path::{Path, PathBuf},
};

use links::tools::root;

use crate::{
    Package,
    places::{copy_directory, staging},
};

/// percpu's own test file of release `version`, as a package that depends on the crate that stands in
/// for that line.
///
/// # Panics
///
/// If no package in `packages/` depends on the release.
pub fn tests_of_percpu(version: &str) -> Package {
    let (package, custom_base) = match version {
        "0.2.3-preview.1" => ("upstream-preview", "custom-base"),
        _ => ("upstream", ""),
    };
    let published = sources(&Package::named(package), "percpu", version);
    let staged = staging(&format!("percpu-{version}"));
    let line = &version[..3];
    let stand_in = root().join(format!("compat/percpu-{line}"));

    copy_directory(&published.join("tests"), &staged.join("tests"));
    copy(&published.join("build.rs"), &staged.join("build.rs"));
    for script in ["test_percpu.x", "test_percpu_custom.x"] {
        if published.join(script).is_file() {
            copy(&published.join(script), &staged.join(script));
        }
    }
    copy(&stand_in.join("Cargo.lock"), &staged.join("Cargo.lock"));
    // 0.1 has no `non-zero-vma`.
    let own = if line == "0.1" { "" } else { "non-zero-vma" };
    let features: String = ["preempt", "sp-naive", own, custom_base]
        .iter()
        .filter(|feature| !feature.is_empty())
        .map(|feature| format!("{feature} = [\"percpu/{feature}\"]\n"))
        .collect();
    // In one target directory cargo tells packages of different workspaces apart by name alone.
    let name = format!("percpu-tests-{}", version.replace('.', "-"));
    write(
        &staged.join("Cargo.toml"),
        &format!(
            "[package]\nname = {name:?}\nedition = \"2021\"\n\n[features]\n{features}\n\
             [dependencies]\npercpu = {{ path = {stand_in:?} }}\n\n[workspace]\n"
        ),
    );
    write(&staged.join("src/lib.rs"), "");
    Package::at(&staged)
}

/// The published crate `name`, which the kernel depends on, as a package of its own with percpu 0.2
/// swapped.
///
/// # Panics
///
/// If `packages/kernel` does not depend on that version, or cargo cannot resolve it anew.
pub fn patched(name: &str, version: &str) -> Package {
    let staged = staging(&format!("{name}-{version}"));
    copy_directory(&sources(&Package::named("kernel"), name, version), &staged);
    let manifest = staged.join("Cargo.toml");
    let published = fs::read_to_string(&manifest).expect("it has a manifest");
    let stand_in = root().join("compat/percpu-0.2");
    write(
        &manifest,
        &format!(
            "{published}\n[workspace]\n\n[patch.crates-io]\npercpu = {{ path = {stand_in:?} }}\n"
        ),
    );
    let package = Package::at(&staged);
    package
        .cargo(&["update", "--package", "percpu"])
        .expect("cargo resolves it");
    package
}

/// Where cargo unpacked the dependency `name` of `package`.
fn sources(package: &Package, name: &str, version: &str) -> PathBuf {
    let metadata = package.metadata(HOST);
    let found = metadata.packages.iter().find(|found| {
        found.name == name && found.source.is_some() && found.version.to_string() == version
    });
    let found = found.unwrap_or_else(|| panic!("{name} {version} is no dependency"));
    let directory = found.manifest_path.parent().expect("a directory");
    directory.as_std_path().to_owned()
}

const HOST: &str = "x86_64-unknown-linux-gnu";

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory"))
        .and_then(|()| fs::write(path, text))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
