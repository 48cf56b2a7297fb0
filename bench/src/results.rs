//! What takes long to measure is kept in files.

use std::{fs, path::PathBuf};

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

pub(crate) fn write<T: Serialize>(name: &str, value: &T) -> Result<(), String> {
    let path = path(name);
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    fs::create_dir_all(path.parent().expect("results have a directory"))
        .and_then(|()| fs::write(&path, text + "\n"))
        .map_err(|error| format!("{}: {error}", path.display()))
}
