//! The uses between the files of a crate, read from the source, and the rules of the workspace about them.
//!
//! `modules.rs` reads a crate, `mentions.rs` collects the paths in it, `resolve.rs` finds the file of each path, and
//! `uses.rs` makes a graph of them. `rooms.rs` compares the graph with the diagram of CONTRIBUTING.md. `features.rs`
//! and `lines.rs` only read the text. `tests/house.rs` applies the rules to the workspace.
//!
//! The types of expressions are unknown, so the method call `x.f()` is no use of the file that defines `f`. The type of
//! `x` has been named somewhere.

pub mod features;
pub mod lines;
mod mentions;
mod modules;
mod resolve;
pub mod rooms;
pub mod uses;

use std::{collections::BTreeMap, fs, path::Path};

/// The texts of a folder's Rust files, by their paths from the folder, with `/`.
pub type Sources = BTreeMap<String, String>;

/// Reads every `.rs` file below the folder.
///
/// # Panics
///
/// If the folder or a file cannot be read.
pub fn read(folder: &Path) -> Sources {
    let mut sources = Sources::new();
    read_into(folder, "", &mut sources);
    sources
}

fn read_into(folder: &Path, prefix: &str, sources: &mut Sources) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read_into(&path, &format!("{name}/"), sources);
        } else if name.ends_with(".rs") {
            sources.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}
