//! What takes long to measure is kept in files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use links::tools::root;
use serde::{Serialize, de::DeserializeOwned};

fn path(name: &str) -> PathBuf {
    root().join(format!("bench/results/{name}.json"))
}

pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    let path = path(name);
    let text = fs::read_to_string(&path);
    let text =
        text.map_err(|error| format!("{}: {error}; run: bench measure {name}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes what [`text`] made.
pub(crate) fn write(name: &str, text: &str) -> Result<(), String> {
    let path = path(name);
    fs::create_dir_all(path.parent().expect("results have a directory"))
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Fails unless what was written is what [`text`] made.
pub(crate) fn check(name: &str, text: &str) -> Result<(), String> {
    let path = path(name);
    let found =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    differences(&path, &found, text).map_or(Ok(()), |diff| {
        Err(format!(
            "{diff}\nrun: cargo run --package bench -- measure {name}"
        ))
    })
}

/// A result as its file has it.
pub(crate) fn text<T: Serialize>(value: &T) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// What a file has and should not have, and the reverse.
pub(crate) fn differences(path: &Path, found: &str, expected: &str) -> Option<String> {
    if found == expected {
        return None;
    }
    let diff = similar::TextDiff::from_lines(found, expected);
    let diff = diff.unified_diff().header("found", "measured").to_string();
    Some(format!(
        "{} does not show the results:\n{diff}",
        path.display()
    ))
}
