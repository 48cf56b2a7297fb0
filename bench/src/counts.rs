//! A number for each operation and crate: what tables and charts show.

use std::collections::BTreeSet;

use crate::{
    executed::Executed,
    peers::{CRATES, Found, OPERATIONS},
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
    pub(crate) fn of_mode(found: &Found) -> Self {
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
    pub(crate) fn crates(&self) -> Vec<usize> {
        (0..CRATES.len()).filter(|&name| self.has(name)).collect()
    }
}

/// The operation as a crate has it: what only percpu-hv has a form of is compared with the others' usual form.
pub(crate) fn form<'a>(name: &str, operation: &'a str) -> &'a str {
    if name == CRATES[0] {
        return operation;
    }
    let usual = operation.strip_suffix("_hot").unwrap_or(operation);
    usual.strip_suffix("_by_reference").unwrap_or(usual)
}

/// Without a fraction where there is none.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
