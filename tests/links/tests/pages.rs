//! The pages for readers: README.md is short, links lead somewhere, and the guide has all of its pages.

use std::{fs, path::Path};

use links::tools::root;

/// The pages that are read in the repository.
const PAGES: [&str; 5] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/migration.md",
    "docs/safety.md",
    "bench/results.md",
];

fn read(page: impl AsRef<Path>) -> String {
    let path = root().join(page);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The targets of the links and images of a page.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    // Not what is code.
    let text = text.split("```").step_by(2);
    text.flat_map(|text| text.split("](").skip(1))
        .map(|rest| rest.split(')').next().expect("a link ends"))
}

/// What links to the headings of a page say.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        title
            .replace(' ', "-")
            .replace(|c: char| !c.is_alphanumeric() && c != '-', "")
    })
}

#[test]
fn readme_is_one_screen() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 150, "README.md has {lines} lines");
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut links = 0;
    for page in PAGES {
        let text = read(page);
        let directory = root().join(page).parent().unwrap().to_owned();
        for target in targets(&text).filter(|target| !target.contains("://")) {
            links += 1;
            match target.strip_prefix('#') {
                Some(anchor) => assert!(
                    anchors(&text).any(|known| known == anchor),
                    "{page} has no heading {target}"
                ),
                None => assert!(
                    directory.join(target).exists(),
                    "{page} links to {target}, which is not there"
                ),
            }
        }
    }
    assert!(links > 10, "only {links} links are found");
}

/// On docs.rs there is no file of the repository. Links to items are rustdoc's to check.
#[test]
fn the_guide_links_to_no_file_and_has_all_of_its_pages() {
    let overview = read("percpu-hv/guide/overview.md");
    let library = read("percpu-hv/src/lib.rs");
    let pages = fs::read_dir(root().join("percpu-hv/guide")).expect("the guide is there");
    let mut names: Vec<String> = pages
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        let text = read(Path::new("percpu-hv/guide").join(&name));
        for target in targets(&text).filter(|target| !target.starts_with("https://")) {
            let is_file = target.contains(['/', '#']) && !target.contains("::");
            assert!(!is_file && !target.ends_with(".md"), "{name}: {target}");
        }
        let include = format!("include_str!(\"../guide/{name}\")");
        assert!(library.contains(&include), "lib.rs does not show {name}");
        let module = name.trim_end_matches(".md").replace('-', "_");
        assert!(
            module == "overview" || overview.contains(&format!("[`guide::{module}`]")),
            "overview.md does not list {module}"
        );
    }
}
