//! Where things are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use links::tools::target_directory;

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
