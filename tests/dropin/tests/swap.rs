//! The check that percpu-hv took percpu's place: it holds for the packages, and fails where a patch is
//! missing, unused, or in vain.

use std::{fs, path::PathBuf};

use dropin::{Arch, PERCPU, Package, root, staging, swapped, unpatched};

const PACKAGES: [&str; 2] = ["hypervisor", "kernel"];
const ARCHS: [Arch; 3] = [Arch::Aarch64, Arch::Riscv64, Arch::X86_64];

#[test]
fn percpu_is_swapped_everywhere() {
    for name in PACKAGES {
        for arch in ARCHS {
            let result = swapped(&Package::named(name), arch.target());
            assert_eq!(result, Ok(()), "{name}, {arch:?}");
        }
    }
}

#[test]
fn missing_patches_are_found() {
    let package = unpatched();
    let error = swapped(&package, Arch::Aarch64.target()).unwrap_err();
    // Both have one version.
    let wanted = format!("percpu_macros {PERCPU} ");
    assert!(error.contains(&wanted), "{error}");
}

#[test]
fn one_missing_line_is_found() {
    let package = kernel("one-line", |manifest| {
        without_line(manifest, "percpu-0-4 =")
    });
    let error = swapped(&package, Arch::X86_64.target()).unwrap_err();
    assert!(error.contains("percpu_macros 0.4.0"), "{error}");
}

#[test]
fn unused_patch_is_found() {
    let package = kernel("unused", |manifest| {
        let used =
            "percpu-0-4 = { package = \"percpu\", path = \"../../../../compat/percpu-0.4\" }";
        let another = used.replace("0-4", "0-3").replace("0.4", "0.3");
        manifest.replace(used, &format!("{used}\n{another}"))
    });
    let error = swapped(&package, Arch::Aarch64.target()).unwrap_err();
    assert!(error.contains("not used"), "{error}");
}

#[test]
fn percpu_hv_of_another_source_is_found() {
    let another = staging("another-percpu-hv");
    let manifest = "[package]\nname = \"percpu-hv\"\nversion = \"0.1.0\"\nlinks = \"percpu-hv\"\n\n[workspace]\n\n\
                    [features]\nsmall-template = []\n";
    write(another.join("Cargo.toml"), manifest);
    write(another.join("build.rs"), "fn main() {}");
    fs::create_dir(another.join("src")).unwrap();
    write(another.join("src/lib.rs"), "");

    let package = kernel("two-sources", |manifest| {
        let ours = "path = \"../../../../percpu-hv\"";
        manifest.replace(ours, &format!("path = {another:?}"))
    });
    // `links` forbids two of them, so cargo goes back to the percpu that needs none.
    let error = swapped(&package, Arch::Aarch64.target()).unwrap_err();
    assert!(error.contains("not used"), "{error}");
}

/// The crates called `percpu` use names of percpu-hv that another version need not have.
#[test]
fn defect_51_each_crate_takes_percpu_hv_of_its_own_version() {
    for line in ["0.1", "0.2", "0.3", "0.4"] {
        let directory = root().join(format!("compat/percpu-{line}"));
        let metadata = Package::at(&directory).metadata(Arch::Aarch64.target());
        let percpu = metadata.root_package().expect("it is a package");
        let mut wanted = percpu.dependencies.iter();
        let wanted = wanted.find(|dependency| dependency.name == "percpu-hv");
        let wanted = wanted.expect("it is percpu-hv by other names");
        let own = concat!("=", env!("CARGO_PKG_VERSION"));
        assert_eq!(wanted.req.to_string(), own, "percpu {line}");
    }
}

/// The kernel with another manifest.
fn kernel(name: &str, change: impl FnOnce(&str) -> String) -> Package {
    Package::named("kernel").changed(name, change)
}

fn without_line(text: &str, start: &str) -> String {
    text.lines()
        .filter(|line| !line.starts_with(start))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn write(path: PathBuf, text: &str) {
    fs::write(path, text).unwrap();
}
