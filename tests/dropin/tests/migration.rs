//! The commands of docs/migration.md, run in a package of each section.
//!
//! `guide/` holds the packages as they are before; what the guide changes in Cargo.toml is changed.

use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

use dropin::{Package, copy_directory, root, staging};

#[test]
fn the_guide_is_right() {
    let guide = fs::read_to_string(root().join("docs/migration.md")).unwrap();
    let packages = root().join("tests/dropin/guide");
    let mut untried: Vec<_> = fs::read_dir(&packages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for section in guide.split("\n## ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap();
        let name = anchor(title);
        let blocks = blocks(text);
        if let Some(position) = untried.iter().position(|untried| *untried == name) {
            untried.swap_remove(position);
            try_section(&name, &packages.join(&name), &blocks);
        } else {
            assert!(
                blocks.iter().all(|(kind, _)| *kind != "sh"),
                "no package tries `{title}`"
            );
        }
    }
    assert!(untried.is_empty(), "no section is called {untried:?}");
}

/// Does what a section says, from its top to its end.
fn try_section(name: &str, package: &Path, blocks: &[(&str, &str)]) {
    let staged = staging(name);
    copy_directory(package, &staged);
    let checkout = format!("\"{}/", root().display());
    let manifest = staged.join("Cargo.toml");
    let write = |text: &str| fs::write(&manifest, text.replace("\"percpu-hv/", &checkout)).unwrap();
    let mut text = fs::read_to_string(&manifest).unwrap();
    write(&text);
    // Versions that are known to fit, and the old percpu, locked.
    fs::copy(root().join("Cargo.lock"), staged.join("Cargo.lock")).unwrap();
    let package = Package::at(&staged);
    package.cargo(&["metadata", "--format-version=1"]).unwrap();

    let mut output = String::new();
    for (kind, block) in blocks {
        match *kind {
            "toml" => {
                text = with_tables(&text, block);
                write(&text);
            }
            "sh" => output = shell(&package, block),
            "text" => assert_eq!(
                output.trim_end(),
                *block,
                "{name}: what the guide shows is not what comes"
            ),
            _ => {}
        }
    }
}

/// Runs the commands of a block; what they print on standard output comes back.
fn shell(package: &Package, commands: &str) -> String {
    let cargo = env::var_os("CARGO").expect("cargo sets CARGO for tests");
    let cargo = Path::new(&cargo).parent().expect("a directory");
    let path = env::var("PATH").unwrap();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(package.directory())
        .env("PATH", format!("{}:{path}", cargo.display()))
        .env("CARGO_TARGET_DIR", root().join("target/dropin"))
        .output()
        .expect("bash starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{commands}\n{errors}");
    assert!(
        !errors.contains("was not used in the crate graph"),
        "{commands}\n{errors}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The code blocks of a section, with the languages that they are in.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced
        .map(|block| block.split_once('\n').expect("a block has lines"))
        .collect()
}

/// What a link to a title says.
fn anchor(title: &str) -> String {
    title
        .to_lowercase()
        .replace(' ', "-")
        .replace(|c: char| !c.is_alphanumeric() && c != '-', "")
}

/// A manifest whose tables are replaced by those of `changes`.
fn with_tables(manifest: &str, changes: &str) -> String {
    let mut tables = BTreeMap::new();
    for text in [manifest, changes] {
        let mut table = "";
        for line in text.lines() {
            if line.starts_with('[') {
                table = line;
                tables.insert(table, Vec::new());
            } else if let Some(lines) = tables.get_mut(table) {
                lines.push(line);
            }
        }
    }
    tables
        .iter()
        .map(|(table, lines)| format!("{table}\n{}\n\n", lines.join("\n")))
        .collect()
}
