//! The crates of the workspace keep the rules of CONTRIBUTING.md about files and rooms.

use std::{fs, path::Path};

use structure::{Sources, features, lines, read, rooms::Diagram, uses::Uses};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn sources(package: &str) -> Sources {
    read(&root().join(package).join("src"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the packages of the workspace.
fn packages() -> Vec<String> {
    let manifest = text("Cargo.toml");
    let members = manifest
        .lines()
        .skip_while(|line| *line != "members = [")
        .skip(1)
        .take_while(|line| *line != "]");
    members
        .map(|line| line.trim_matches([' ', '"', ',']).to_owned())
        .collect()
}

#[test]
fn no_two_files_need_each_other() {
    let mut wrong = String::new();
    let packages = packages();
    for package in ["percpu-hv", "percpu-hv-macros", "bench"] {
        assert!(
            packages.iter().any(|found| found == package),
            "{packages:?}"
        );
    }
    for package in packages {
        // The loom tests compile files of the runtime.
        if package == "tests/loom" || !root().join(&package).join("src").is_dir() {
            continue;
        }
        let mut sources = sources(&package);
        // Each binary is a crate of its own.
        sources.retain(|file, _| !file.starts_with("bin/"));
        match Uses::of(&sources) {
            Ok(uses) => uses
                .rings()
                .iter()
                .for_each(|ring| wrong += &format!("{package}/src:\n{ring}\n")),
            Err(error) => wrong += &format!("{package}/src:\n{error}\n\n"),
        }
    }
    assert!(wrong.is_empty(), "files need each other, in\n{wrong}");
}

#[test]
fn rooms_are_as_drawn() {
    let diagram = Diagram::find(&text("CONTRIBUTING.md"), "## The rooms").unwrap();
    let sources = sources("percpu-hv");
    let wrong = diagram.check(&sources, &Uses::of(&sources).unwrap());
    assert!(
        wrong.is_empty(),
        "CONTRIBUTING.md and percpu-hv/src differ:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_feature_stands_in_one_file() {
    let mut wrong = Vec::new();
    for (feature, places) in features::places(&sources("percpu-hv")) {
        let homes: Vec<_> = places.homes.into_iter().collect();
        let also: Vec<_> = places
            .with_reason
            .into_iter()
            .filter(|file| !homes.contains(file))
            .collect();
        let reasons = if also.is_empty() {
            ""
        } else {
            "; with a reason: "
        };
        println!(
            "feature {feature:<28} {}{reasons}{}",
            homes.join(", "),
            also.join(", ")
        );
        if homes.len() > 1 {
            wrong.push(format!("{feature}: {}", homes.join(", ")));
        }
    }
    let asked = "move them into one, or give the reason as CONTRIBUTING.md says";
    assert!(
        wrong.is_empty(),
        "features in several files of percpu-hv/src; {asked}:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_feature_has_a_row_in_the_table() {
    let features = features::documented(&text("percpu-hv/Cargo.toml"));
    assert!(
        features.iter().any(|feature| feature == "non-zero-vma"),
        "{features:?}"
    );
    let mut documents = vec![text("README.md")];
    for entry in fs::read_dir(root().join("percpu-hv/guide")).unwrap() {
        documents.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let missing = features::missing_rows(&features, &documents);
    assert!(
        missing.is_empty(),
        "the table of features has no row for {missing:?}"
    );
}

#[test]
fn an_architecture_is_a_short_file() {
    // About 300 lines. x86_64 has more, because its operations take a memory operand.
    let (usual, others) = (380, [("x86_64.rs", 400)]);
    let sources = sources("percpu-hv");
    let lengths = lines::lengths(&sources, "arch/", usual, &others);
    for found in &lengths {
        let limit = found
            .limit
            .map_or("for all".to_owned(), |limit| format!("at most {limit}"));
        println!("arch {:<31} {:>5} lines, {limit}", found.file, found.lines);
    }
    assert!(
        lengths.iter().any(|found| found.limit.is_some()),
        "arch/mod.rs chooses by `path = \"...\"`"
    );
    let is_long = |found: &&lines::Length| found.limit.is_some_and(|limit| found.lines > limit);
    let long: Vec<_> = lengths
        .iter()
        .filter(is_long)
        .map(|found| found.file)
        .collect();
    assert!(
        long.is_empty(),
        "too long: {long:?}; what two architectures share is written once"
    );
}

#[test]
fn expansions_take_core_from_the_runtime() {
    // In the crate of a user `::core` may be another crate.
    let mut named = Vec::new();
    for package in ["percpu-hv", "percpu-hv-macros"] {
        for (file, text) in sources(package) {
            for line in text.lines() {
                let starts_with_core = |(at, _): (usize, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "_>".contains(c))
                };
                if line.match_indices("::core").any(starts_with_core) {
                    named.push(format!("{package}/src/{file}: {}", line.trim()));
                }
            }
        }
    }
    assert_eq!(
        named,
        ["percpu-hv/src/lib.rs: pub use ::core as __core;"],
        "write `$crate::__core`, or `#runtime::__core`"
    );
}
