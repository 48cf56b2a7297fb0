//! Costs as tables.

use std::{cmp::Ordering, collections::BTreeSet, fmt::Write as _};

use crate::{
    chart::number,
    cost::Cost,
    executed::Executed,
    peers::{ANY_ADDRESS, CRATES, Comparison, Found, LSE, OPERATIONS},
};

/// What tables call the crates.
pub(crate) const TITLES: [&str; CRATES.len()] = [
    "percpu-hv",
    "percpu 0.4.0",
    "ax-percpu 0.4.24",
    "percore 0.3.0",
    "Linux, in C",
    "thread_local!",
];

/// A number for each operation and crate.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) title: String,
    pub(crate) rows: Vec<(String, [Option<f64>; CRATES.len()])>,
    /// The crates that cannot do what the mode is for.
    pub(crate) fixed: BTreeSet<&'static str>,
}

impl Counts {
    /// Those of a crate and an operation, in the order of the operations; without the rows that percpu-hv has not.
    fn new(title: &str, count: impl Fn(&str, &str) -> Option<f64>) -> Self {
        let rows = OPERATIONS.iter().map(|&operation| {
            let cells = CRATES.map(|name| count(name, form(name, operation)));
            (operation.replace('_', " "), cells)
        });
        let rows = rows.filter(|(_, cells)| cells[0].is_some()).collect();
        Self {
            title: title.to_owned(),
            rows,
            fixed: BTreeSet::new(),
        }
    }

    /// The instructions of a mode.
    fn of_mode(found: &Found) -> Self {
        let counts = Self::new(found.mode, |name, operation| {
            Some(found.costs.get(name)?.get(operation)?.instructions as f64)
        });
        Self {
            fixed: found.fixed.clone(),
            ..counts
        }
    }

    /// Executed instructions.
    pub(crate) fn executed(title: &str, counts: &Executed) -> Self {
        Self::new(title, |name, operation| {
            counts.get(&format!("{name}.{operation}")).copied()
        })
    }

    /// Without the other operations.
    pub(crate) fn only(&self, operations: &[&str]) -> Self {
        let rows = self.rows.iter();
        let rows = rows.filter(|(operation, _)| operations.contains(&&**operation));
        Self {
            title: self.title.clone(),
            rows: rows.cloned().collect(),
            fixed: self.fixed.clone(),
        }
    }

    /// Whether any operation has a number for the crate.
    pub(crate) fn has(&self, name: usize) -> bool {
        self.rows.iter().any(|(_, cells)| cells[name].is_some())
    }

    /// The crates of which there is a number.
    fn crates(&self) -> Vec<usize> {
        (0..CRATES.len()).filter(|&name| self.has(name)).collect()
    }

    /// A column for each crate, and the ratio to percpu.
    pub(crate) fn columns(&self) -> String {
        let crates = self.crates();
        let titles: Vec<_> = crates.iter().map(|&name| TITLES[name]).collect();
        let mut text = format!(
            "| | {} | ratio |\n|---|{}\n",
            titles.join(" | "),
            "---|".repeat(titles.len() + 1)
        );
        for (operation, cells) in &self.rows {
            let numbers = crates
                .iter()
                .map(|&name| cells[name].map_or("–".to_owned(), number));
            let numbers: Vec<_> = numbers.collect();
            let _ = writeln!(
                text,
                "| {operation} | {} | {} |",
                numbers.join(" | "),
                ratio(cells)
            );
        }
        text
    }
}

/// The operation as a crate has it: what only percpu-hv has a form of is compared with the others' usual form.
fn form<'a>(name: &str, operation: &'a str) -> &'a str {
    if name == CRATES[0] {
        return operation;
    }
    let usual = operation.strip_suffix("_hot").unwrap_or(operation);
    usual.strip_suffix("_by_reference").unwrap_or(usual)
}

/// percpu-hv's number by percpu's.
fn ratio(cells: &[Option<f64>]) -> String {
    match (cells[0], cells[1]) {
        (Some(own), Some(theirs)) => format!("{:.2}", own / theirs),
        _ => "–".to_owned(),
    }
}

/// The default modes: where a template has its default place.
pub(crate) fn default_modes(comparison: &Comparison) -> Vec<Counts> {
    let modes = comparison.modes.iter();
    let modes = modes.filter(|found| !found.mode.ends_with(ANY_ADDRESS));
    modes.map(Counts::of_mode).collect()
}

/// The default modes without LSE, which most of the operations do not use.
pub(crate) fn usual(comparison: &Comparison) -> Vec<Counts> {
    let mut modes = default_modes(comparison);
    modes.retain(|counts| !counts.title.ends_with(LSE));
    modes
}

/// Instructions: a row for each operation, a column for each of the usual modes.
pub(crate) fn short(comparison: &Comparison) -> String {
    let usual = usual(comparison);
    let modes: Vec<_> = usual.iter().map(|counts| &*counts.title).collect();
    let crates = usual.iter().map(|counts| {
        let short = |name: usize| TITLES[name].split([' ', ',']).next().unwrap_or_default();
        counts
            .crates()
            .into_iter()
            .map(short)
            .collect::<Vec<_>>()
            .join(" / ")
    });
    let crates: Vec<_> = crates.collect();
    let mut text = format!(
        "\n| | {} |\n|---|{}\n",
        modes.join(" | "),
        "---|".repeat(modes.len())
    );
    let _ = writeln!(text, "| | {} |", crates.join(" | "));
    let modes = default_modes(comparison);
    let lse = modes.iter().find(|counts| counts.title.ends_with(LSE));
    let lse = lse.expect("LSE is a mode");
    for (row, (operation, cells)) in usual[0].rows.iter().enumerate() {
        let numbers: Vec<_> = usual.iter().map(|counts| slashes(counts, row)).collect();
        let _ = writeln!(text, "| {operation} | {} |", numbers.join(" | "));
        if lse.rows[row].1 != *cells {
            let cell = slashes(lse, row);
            let empty = " |".repeat(usual.len() - 1);
            let _ = writeln!(text, "| {operation}, with LSE | {cell} |{empty}");
        }
    }
    text.push('\n');
    text
}

/// The numbers of a row, percpu-hv's in bold.
fn slashes(counts: &Counts, row: usize) -> String {
    let (_, cells) = &counts.rows[row];
    let mut numbers = counts
        .crates()
        .into_iter()
        .map(|name| cells[name].map_or("–".to_owned(), number));
    let own = numbers.next().unwrap_or_default();
    format!("**{own}** / {}", numbers.collect::<Vec<_>>().join(" / "))
}

/// Everything that was counted: a table for each mode.
pub(crate) fn full(comparison: &Comparison) -> String {
    let mut text = String::from(
        "## Instructions of an operation\n\n\
         Each cell: instructions, then bytes, loads + stores, and reads of the per-CPU register. The instructions are \
         those of the shortest way\nthrough the function that returns, with the functions that it calls, without its own \
         frame and return: where a function that is called can also return an error, at least so many. The bytes are the \
         whole function's.\nThe ratio is percpu-hv's instructions to those of percpu.\n\n\
         \"Any address\" is the feature `non-zero-vma`, and position-independent code. † marks a crate whose accesses the \
         linker refuses in\na position-independent image: percpu's are absolute with `non-zero-vma` too, and those on \
         AArch64 and Arm are the same as without\nit. What they can do, the default mode of percpu-hv does.\n",
    );
    for found in &comparison.modes {
        let counts = Counts::of_mode(found);
        let crates = counts.crates();
        let title = |&name: &usize| {
            let mark = if found.fixed.contains(CRATES[name]) {
                " †"
            } else {
                ""
            };
            format!("{}{mark}", TITLES[name])
        };
        let titles: Vec<_> = crates.iter().map(title).collect();
        let line = "---|".repeat(titles.len() + 1);
        let _ = write!(
            text,
            "\n### {}\n\n| | {} | ratio |\n|---|{line}\n",
            counts.title,
            titles.join(" | ")
        );
        let details = |name: usize, operation: &str| {
            let operations = found.costs.get(CRATES[name])?;
            let operation = operation.replace(' ', "_");
            operations.get(form(CRATES[name], &operation)).map(cell)
        };
        for (operation, cells) in &counts.rows {
            let details = crates
                .iter()
                .map(|&name| details(name, operation).unwrap_or("–".to_owned()));
            let details: Vec<_> = details.collect();
            let _ = writeln!(
                text,
                "| {operation} | {} | {} |",
                details.join(" | "),
                ratio(cells)
            );
        }
    }
    text
}

fn cell(cost: &Cost) -> String {
    let Cost {
        instructions,
        bytes,
        loads,
        stores,
        register_reads,
    } = cost;
    format!("**{instructions}**, {bytes} B, {loads} + {stores}, {register_reads}")
}

/// The operations in which percpu-hv does not need the fewest instructions.
pub(crate) fn worse(tables: &[Counts]) -> String {
    let mut text = String::new();
    for counts in tables {
        for (operation, cells) in &counts.rows {
            for (&name, title) in counts
                .crates()
                .iter()
                .map(|name| (name, TITLES[*name]))
                .skip(1)
            {
                let (Some(own), Some(theirs)) = (cells[0], cells[name]) else {
                    continue;
                };
                let relation = match own.partial_cmp(&theirs) {
                    Some(Ordering::Greater) => "MORE than",
                    Some(Ordering::Equal) => "as many as",
                    _ => continue,
                };
                let (mode, own, theirs) = (&counts.title, number(own), number(theirs));
                let _ = writeln!(
                    text,
                    "{mode}, {operation}: {own}, {relation} {title}: {theirs}"
                );
            }
        }
    }
    text
}

/// Every mode.
pub(crate) fn all(comparison: &Comparison) -> Vec<Counts> {
    comparison.modes.iter().map(Counts::of_mode).collect()
}
