//! Whether percpu-hv really took percpu's place in a graph.
//!
//! cargo only warns of a patch that nothing uses, and where percpu-hv comes from two sources, it
//! falls back to the percpu of crates.io without a word.

use std::{collections::HashSet, fs};

use crate::Package;

/// Looks at the packages that `package` is made of on `target`.
///
/// # Errors
///
/// What is wrong with them.
pub fn swapped(package: &Package, target: &str) -> Result<(), String> {
    let lock = fs::read_to_string(package.directory().join("Cargo.lock"))
        .map_err(|error| format!("no lock file: {error}"))?;
    if lock.contains("[[patch.unused]]") {
        return Err("a patch is not used".into());
    }
    let metadata = package.metadata(target);
    let nodes = &metadata.resolve.as_ref().expect("cargo resolves").nodes;
    let present: HashSet<_> = nodes.iter().map(|node| &node.id).collect();
    let named = |name: &str| -> Vec<_> {
        let packages = metadata.packages.iter();
        packages
            .filter(|package| package.name == name && present.contains(&package.id))
            .collect()
    };

    if let [macros, ..] = *named("percpu_macros") {
        return Err(format!("percpu_macros {} is there", macros.version));
    }
    let percpu = named("percpu");
    if let Some(percpu) = percpu.iter().find(|percpu| percpu.source.is_some()) {
        return Err(format!("percpu {} is not swapped", percpu.version));
    }
    if percpu.is_empty() {
        return Err("nothing depends on percpu".into());
    }
    match named("percpu-hv").len() {
        1 => Ok(()),
        count => Err(format!("there are {count} percpu-hv")),
    }
}
