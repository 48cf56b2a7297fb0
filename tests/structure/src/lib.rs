//! Which file of a crate uses which, read from the source, and what the workspace promises about it.
//!
//! `modules.rs` reads a crate, `mentions.rs` collects the paths in it, `resolve.rs` says where each leads, and `uses.rs`
//! makes a graph of them. `rooms.rs` compares it with the diagram of CONTRIBUTING.md. `features.rs` and `lines.rs` read
//! the text alone. What the workspace's own crates promise is in `tests/house.rs`.
//!
//! Without types a method call tells nothing: `x.f()` is no use of the file that defines `f`. What `x` is made of has
//! been named somewhere.

pub mod features;
pub mod lines;
mod mentions;
mod modules;
mod resolve;
pub mod rooms;
pub mod uses;

use std::{collections::BTreeMap, fs, path::Path};

/// A folder's Rust files: paths from the folder, with `/`, and texts.
pub type Sources = BTreeMap<String, String>;

/// Reads every `.rs` file below the folder.
///
/// # Panics
///
/// Where it cannot be read.
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
