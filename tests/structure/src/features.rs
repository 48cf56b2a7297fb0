//! The places of a crate's features in its source, and their rows in its documents.

use std::collections::{BTreeMap, BTreeSet};

use crate::Sources;

/// The places where the source tests a feature.
#[derive(Default)]
pub struct Places {
    /// The files that have it, or folders whose `mod.rs` gives the reason for all of their files. More than one is an
    /// error.
    pub homes: BTreeSet<String>,
    /// The files in which a comment gives the reason.
    pub with_reason: BTreeSet<String>,
}

/// Returns the places of each `feature = "name"`.
///
/// A reason is a comment, `//`, on one of the two lines above the attribute. One for all files of a folder is a line
/// ``//! The feature `name` stands in each file: reason`` in its `mod.rs`.
pub fn places(sources: &Sources) -> BTreeMap<String, Places> {
    let mut found: BTreeMap<String, Places> = BTreeMap::new();
    for (file, text) in sources {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.starts_with("//"))
        {
            for feature in line
                .split("feature = \"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
            {
                let places = found.entry(feature.to_owned()).or_default();
                if has_reason(&lines, at) {
                    places.with_reason.insert(file.clone());
                } else {
                    places.homes.insert(
                        folder_with_reason(sources, file, feature).unwrap_or_else(|| file.clone()),
                    );
                }
            }
        }
    }
    found
}

/// Returns whether there is a comment above the attribute that contains a line.
fn has_reason(lines: &[&str], at: usize) -> bool {
    let begins =
        |line: &str| line.starts_with("#[") || line.starts_with("#![") || line.contains("cfg!(");
    let start = (0..=at).rev().find(|at| begins(lines[*at])).unwrap_or(at);
    let is_comment = |line: &&str| {
        line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!")
    };
    lines[start.saturating_sub(2)..start].iter().any(is_comment)
}

fn folder_with_reason(sources: &Sources, file: &str, feature: &str) -> Option<String> {
    let folder = &file[..=file.rfind('/')?];
    let start = format!("//! The feature `{feature}` stands in each file: ");
    let says_why = |line: &str| {
        line.strip_prefix(&start)
            .is_some_and(|reason| !reason.trim().is_empty())
    };
    sources
        .get(&format!("{folder}mod.rs"))?
        .lines()
        .any(says_why)
        .then(|| folder.to_owned())
}

/// Returns the features of a Cargo.toml, without `default` and those whose comment begins with "Hidden".
pub fn documented(manifest: &str) -> Vec<String> {
    let section = manifest
        .lines()
        .skip_while(|line| *line != "[features]")
        .skip(1);
    let mut features = Vec::new();
    let mut is_hidden = false;
    for line in section.take_while(|line| !line.starts_with('[')) {
        if line.starts_with('#') {
            is_hidden |= line.starts_with("# Hidden");
        } else if let Some((name, _)) = line.split_once(" = ") {
            if !is_hidden && name != "default" {
                features.push(name.to_owned());
            }
            is_hidden = false;
        }
    }
    features
}

/// Returns the features without a row of their own, in the table of these documents that has the most features.
pub fn missing_rows<'a>(features: &'a [String], documents: &[String]) -> Vec<&'a str> {
    let tables = documents.iter().flat_map(|text| tables(text));
    let missing = tables.map(|rows| {
        let without_row = features
            .iter()
            .filter(|feature| !rows.iter().any(|row| row == *feature));
        without_row.map(String::as_str).collect::<Vec<_>>()
    });
    missing
        .min_by_key(Vec::len)
        .unwrap_or_else(|| features.iter().map(String::as_str).collect())
}

/// Returns the names in the rows of each table: the text between the first backticks of the first cell.
fn tables(text: &str) -> Vec<Vec<String>> {
    let mut tables = vec![Vec::new()];
    for line in text.lines() {
        match (line.strip_prefix('|'), tables.last_mut()) {
            (Some(row), Some(table)) => {
                let cell = row.split('|').next().unwrap_or_default();
                table.extend(cell.split('`').nth(1).map(str::to_owned));
            }
            _ => tables.push(Vec::new()),
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::{documented, missing_rows, places};

    #[track_caller]
    fn has(files: &[(&str, &str)], homes: &[&str], with_reason: &[&str]) {
        let found = places(
            &files
                .iter()
                .map(|(name, text)| ((*name).into(), (*text).into()))
                .collect(),
        );
        assert_eq!(found["smp"].homes.iter().collect::<Vec<_>>(), homes);
        assert_eq!(
            found["smp"].with_reason.iter().collect::<Vec<_>>(),
            with_reason
        );
    }

    #[test]
    fn a_reason_is_a_comment_above() {
        let here = "#[cfg(feature = \"smp\")]\nfn f() {}\n";
        let there = format!("// Only these wait.\n\n{here}");
        has(&[("a.rs", here), ("b.rs", here)], &["a.rs", "b.rs"], &[]);
        has(&[("a.rs", here), ("b.rs", &there)], &["a.rs"], &["b.rs"]);
        let documented = format!("/// Waits.\n{here}");
        has(
            &[("a.rs", here), ("b.rs", &documented)],
            &["a.rs", "b.rs"],
            &[],
        );
        let long = "// Only these wait.\n#[cfg(all(\n    a,\n    b,\n    feature = \"smp\"\n))]\nfn f() {}";
        has(&[("a.rs", here), ("b.rs", long)], &["a.rs"], &["b.rs"]);
        let far = format!("// Only these wait.\n\n\n{here}");
        has(&[("b.rs", &far)], &["b.rs"], &[]);
    }

    #[test]
    fn a_folder_has_one_reason() {
        let here = "#[cfg(feature = \"smp\")]\nfn f() {}\n";
        let files = |reason| {
            [
                ("arch/a.rs", here),
                ("arch/b.rs", here),
                ("arch/mod.rs", reason),
            ]
        };
        has(
            &files("//! The feature `smp` stands in each file: each waits by itself."),
            &["arch/"],
            &[],
        );
        has(
            &files("//! The feature `smp` stands in each file: "),
            &["arch/a.rs", "arch/b.rs"],
            &[],
        );
        has(
            &files("//! The feature `up` stands in each file: so."),
            &["arch/a.rs", "arch/b.rs"],
            &[],
        );
    }

    #[test]
    fn each_feature_has_a_row() {
        let manifest = "[features]\ndefault = [\"smp\"]\n# Many.\nsmp = []\n# Hidden. Few.\nup = []\nhot = []\n\n[lib]\nx = 1\n";
        let features = documented(manifest);
        assert_eq!(features, ["smp", "hot"]);
        let other = "| `smp` | |\n\n| feature | |\n|---|---|\n| other | `hot` |\n";
        let table =
            |hot| format!("Text.\n\n| feature | |\n|---|---|\n| `smp` (default) | many |\n{hot}");
        assert_eq!(missing_rows(&features, &[other.into(), table("")]), ["hot"]);
        assert!(missing_rows(&features, &[other.into(), table("| `hot` | short |\n")]).is_empty());
        assert_eq!(missing_rows(&features, &[]), ["smp", "hot"]);
    }
}
