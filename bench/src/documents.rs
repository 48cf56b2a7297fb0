//! The documents that show results: README.md between its markers, bench/results.md, and the charts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use links::tools::root;

use crate::{
    chart,
    costs::Costs,
    counts::Counts,
    exits::Exits,
    kernels::Kernels,
    mapped::Mapped,
    peers::Comparison,
    results, table,
    targets::{self, PROMISE},
    tls_offsets::TlsOffsets,
};

/// A file, and what it must hold.
struct Document {
    path: PathBuf,
    text: String,
}

/// All of them.
pub(crate) struct Documents {
    documents: Vec<Document>,
    /// Which targets what they show misses.
    targets: Result<(), String>,
}

impl Documents {
    /// Those that show a comparison, and what was measured before.
    pub(crate) fn new(comparison: &Comparison) -> Result<Self, String> {
        let costs = Costs::from_results()?;
        let executed = executed()?;
        let exits = Exits::from_results()?;
        let mapped = Mapped::from_results()?;
        let kernels = Kernels::from_results()?;
        let readme = read(&root().join("README.md"))?;
        let cost = format!(
            "{}{}{PROMISE}, but for exceptions in Measurements. {} {}",
            table::readme_columns(comparison),
            table::readme(comparison, &exits.short()),
            kernels.short(),
            costs.short()
        );
        let readme = between_markers(&readme, "cost", &wrapped(&cost))?;
        let report = format!(
            "# Measurements\n\n\
             `scripts/test.sh codegen` counts the instructions anew, also those that QEMU executes at EL2, but not OSTD's. It fails if a number \
             has changed or a target is missed; with `--bless` it writes this page. `cargo run --package bench -- measure` \
             measures the rest too, in a few minutes. Do not edit this page.\n\n{}{}{}{}{}{}{}",
            table::full(comparison, &targets::exceptions()),
            of_executed(&executed),
            exits.full(),
            kernels.full(),
            costs.full(),
            mapped.full(),
            TlsOffsets::from_results()?.full()
        );
        let documents = [
            ("README.md", readme),
            ("bench/results.md", wrapped(&report)),
            (
                "bench/charts/instructions.svg",
                chart::bars("Instructions of an operation", &table::charted(comparison))?,
            ),
            (
                "bench/charts/executed.svg",
                chart::bars("Executed instructions", &executed)?,
            ),
        ];
        let documents = documents.map(|(path, text)| Document {
            path: root().join(path),
            text,
        });
        Ok(Self {
            documents: documents.into(),
            targets: targets::check(
                &table::all(comparison),
                &executed,
                &[exits.misses(), kernels.misses(), costs.misses()],
            ),
        })
    }

    /// Writes them all, and fails if a target is missed.
    pub(crate) fn write(&self) -> Result<(), String> {
        let mut documents = self.documents.iter();
        documents.try_for_each(|Document { path, text }| {
            let directory = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(directory)
                .and_then(|()| fs::write(path, text))
                .map_err(|error| format!("{}: {error}", path.display()))
        })?;
        self.targets.clone()
    }

    /// Fails if a file is not what it must be, or a target is missed.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut documents = self.documents.iter();
        documents.try_for_each(|Document { path, text }| {
            results::differences(path, &read(path)?, text).map_or(Ok(()), |diff| {
                Err(format!("{diff}\nrun: scripts/test.sh codegen --bless"))
            })
        })?;
        self.targets.clone()
    }
}

/// What was executed, in the image and in the process.
pub(crate) fn executed() -> Result<Vec<Counts>, String> {
    Ok(vec![
        Counts::executed("aarch64 at EL2", &results::read("executed")?),
        Counts::executed("x86_64, a Linux process", &results::read("callgrind")?),
    ])
}

fn of_executed(tables: &[Counts]) -> String {
    let mut text = String::from(
        "\n## Executed instructions\n\n\
         Of one iteration of a loop, without those of the empty loop. QEMU counts at EL2, callgrind in a process. In the \
         process both crates have `GS_BASE` and `non-zero-vma`.\n\n\
         ![Executed instructions of each operation in a loop](charts/executed.svg)\n",
    );
    for table in tables {
        text += &format!("\n### {}\n\n{}", table.title, table::columns(table));
    }
    text
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Breaks the lines that are too long, but for those of tables.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 120;
    let mut wrapped = String::new();
    for line in text.lines() {
        let mut width = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if width > 0 {
                let breaks = width + 1 + length > WIDTH && !line.starts_with('|');
                wrapped.push(if breaks { '\n' } else { ' ' });
                width = if breaks { 0 } else { width + 1 };
            }
            wrapped += word;
            width += length;
        }
        wrapped.push('\n');
    }
    wrapped
}

/// Replaces what stands between the markers of a name.
fn between_markers(text: &str, name: &str, new: &str) -> Result<String, String> {
    let (start, end) = (
        format!("<!-- bench: {name} -->\n"),
        format!("<!-- bench: end of {name} -->"),
    );
    let parts = text.split_once(&*start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&*end)?;
        Some((before, after))
    });
    let (before, after) =
        parts.ok_or_else(|| format!("README.md lacks the markers of `{name}`"))?;
    Ok(format!("{before}{start}{new}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_but_not_in_tables() {
        let words = vec!["word"; 40].join(" ");
        let text = wrapped(&format!("{words}\n\n| {words} |\n"));
        let lines: Vec<_> = text.lines().collect();
        let twenty_four = vec!["word"; 24].join(" ");
        let sixteen = vec!["word"; 16].join(" ");
        assert_eq!(
            lines,
            [&*twenty_four, &sixteen, "", &format!("| {words} |")]
        );
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let text = "a\n<!-- bench: x -->\nold\n<!-- bench: end of x -->\nb\n";
        let new = between_markers(text, "x", "new\n").unwrap();
        assert_eq!(
            new,
            "a\n<!-- bench: x -->\nnew\n<!-- bench: end of x -->\nb\n"
        );
        assert_eq!(between_markers(&new, "x", "new\n").unwrap(), new);
        assert!(between_markers(text, "y", "new\n").is_err());
    }
}
