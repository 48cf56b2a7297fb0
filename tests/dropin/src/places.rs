//! Where things are.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The root of the workspace.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .ancestors()
        .nth(2)
        .expect("this package is two levels below the root")
}

/// Where cargo leaves what it builds. It is one place for all, so that core is compiled once.
pub(crate) fn target_directory() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => directory.into(),
        None => root().join("target"),
    }
}

/// Where these tests put files.
pub(crate) fn work_directory() -> PathBuf {
    target_directory().join("dropin")
}

/// An empty directory below the target directory.
///
/// # Panics
///
/// If it cannot be made.
pub fn staging(name: &str) -> PathBuf {
    let directory = work_directory().join("staged").join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).expect("the target directory is writable");
    }
    fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

/// Copies a directory and all that is in it.
///
/// # Panics
///
/// If that fails.
pub fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    for entry in from
        .read_dir()
        .unwrap_or_else(|error| panic!("{}: {error}", from.display()))
    {
        let entry = entry.expect("the directory can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target)
                .unwrap_or_else(|error| panic!("{}: {error}", target.display()));
        }
    }
}
