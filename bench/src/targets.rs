//! What percpu-hv promises to need at most, beside the other crates.

use std::fmt::{self, Write as _};

use crate::{
    counts::{Counts, number},
    crates::{CRATES, index, title},
    peers::{ANY_ADDRESS, LSE},
};

/// A cell that misses its target, and why it does.
struct Exception {
    /// The title of the table.
    table: &'static str,
    operation: &'static str,
    /// The crate that the target speaks of.
    than: &'static str,
    reason: &'static str,
}

/// All that is known. One that is not needed any more is an error.
const EXCEPTIONS: &[Exception] = &[
    two_offsets("increment pinned"),
    two_offsets("increment new pin"),
];

const fn two_offsets(operation: &'static str) -> Exception {
    Exception {
        table: "loongarch64",
        operation,
        than: "percpu",
        reason: "`read` and `write` each form the offset, which `inc_current_unprotected` forms once",
    }
}

/// A cell that misses its target.
struct Miss {
    table: String,
    operation: String,
    /// The crate that the target speaks of.
    than: &'static str,
    text: String,
}

impl Exception {
    fn covers(&self, miss: &Miss) -> bool {
        miss.table == self.table && miss.operation == self.operation && miss.than == self.than
    }
}

/// Fails if a target is missed and no exception says why, or if an exception is none.
///
/// `counts` are the tables of all modes, `executed` those of running loops, `others` what misses other targets.
pub(crate) fn check(
    counts: &[Counts],
    executed: &[Counts],
    others: &[String],
) -> Result<(), String> {
    let misses = misses(counts, executed);
    let mut text = String::new();
    for miss in &misses {
        if !EXCEPTIONS.iter().any(|exception| exception.covers(miss)) {
            let _ = writeln!(text, "{}, {}: {}", miss.table, miss.operation, miss.text);
        }
    }
    for exception in EXCEPTIONS {
        if !misses.iter().any(|miss| exception.covers(miss)) {
            let Exception {
                table, operation, ..
            } = exception;
            let _ = writeln!(
                text,
                "{table}, {operation}: bench/src/targets.rs excepts it, and it meets its target"
            );
        }
    }
    text += &others.concat();
    if text.is_empty() {
        return Ok(());
    }
    Err(format!("these targets are missed:\n{text}"))
}

/// What `check` sees to in the default modes, for a reader of the tables.
pub(crate) const PROMISE: &str = "In straight-line code of the default mode, no operation takes more instructions than with `percpu`, and each takes \
                                  fewer than with percore and ax-percpu (on x86_64, no more than with ax-percpu)";

/// The promise, also for loops, and the exceptions.
pub(crate) fn exceptions() -> String {
    let mut text = format!(
        "{PROMISE}. That holds also where the other's pin is at hand and percpu-hv's is not, and where the other does not \
         check. In a running loop, where an address may stay in a register, none takes more than the same operation with any \
         of them"
    );
    text += if EXCEPTIONS.is_empty() {
        ".\n"
    } else {
        ". The exceptions:\n\n"
    };
    for Exception {
        table,
        operation,
        than,
        reason,
    } in EXCEPTIONS
    {
        let than = title(index(than));
        let _ = writeln!(text, "- {table}, {operation}, more than {than}: {reason}");
    }
    text
}

fn misses(counts: &[Counts], executed: &[Counts]) -> Vec<Miss> {
    let mut misses = Vec::new();
    for table in counts.iter().chain(executed) {
        for (operation, cells) in &table.rows {
            let Some(own) = cells[0] else { continue };
            let mut miss = |than, text| {
                misses.push(Miss {
                    table: table.title.clone(),
                    operation: operation.clone(),
                    than,
                    text,
                });
            };
            let is_loop = executed.iter().any(|loops| loops.title == table.title);
            for (&than, theirs) in CRATES.iter().zip(cells).skip(1) {
                let Some(theirs) = *theirs else { continue };
                if table.fixed.contains(than) {
                    continue;
                }
                if let Some(limit) = limit(&table.title, operation, than, is_loop)
                    && !limit.is_met(own, theirs)
                {
                    let title = title(index(than));
                    let (own, theirs) = (number(own), number(theirs));
                    miss(than, format!("{own}, but {title}: {theirs}, and {limit}"));
                }
            }
            if table.title.ends_with(LSE) && operation == "add one hot" && own > 4.0 {
                miss(CRATES[0], format!("{}, but 4 are promised", number(own)));
            }
        }
    }
    misses
}

/// How many instructions there may be, by those of another crate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    /// As many at most.
    AsMany,
    /// Fewer.
    Fewer,
    /// At most this part.
    Part(f64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsMany => write!(f, "no more are promised"),
            Self::Fewer => write!(f, "fewer are promised"),
            Self::Part(part) => write!(f, "no more than {part:.2} of them are promised"),
        }
    }
}

impl Limit {
    fn is_met(self, own: f64, theirs: f64) -> bool {
        match self {
            Self::AsMany => own <= theirs,
            Self::Fewer => own < theirs,
            Self::Part(part) => own <= theirs * part + 1e-9,
        }
    }
}

/// The target of a cell, if it has one.
fn limit(table: &str, operation: &str, than: &str, is_loop: bool) -> Option<Limit> {
    let is_hot_access =
        ["read hot", "write hot", "read flag hot", "write flag hot"].contains(&operation);
    let architecture = table.split([' ', ',']).next()?;
    if than == "linux" && operation.ends_with(" dynamic") {
        return Some(Limit::AsMany);
    }
    if table.ends_with(ANY_ADDRESS) {
        return match (than, architecture) {
            ("percpu", _) => Some(Limit::AsMany),
            ("ax-percpu", "x86_64") => Some(Limit::AsMany),
            ("ax-percpu", _) => Some(Limit::Fewer),
            // Both take the address as the compiler does.
            ("percore", "aarch64") => Some(Limit::AsMany),
            // Only the compiler can keep a part of the address behind the function.
            _ => None,
        };
    }
    match (than, architecture) {
        // A loop may keep the address of any of them.
        ("percpu" | "ax-percpu" | "percore", _) if is_loop => Some(Limit::AsMany),
        _ if is_loop => None,
        ("percpu", "aarch64") if is_hot_access => Some(Limit::Part(2.0 / 3.0)),
        ("percpu", "riscv64" | "loongarch64") if is_hot_access => Some(Limit::Part(1.0 / 3.0)),
        ("percpu", _) => Some(Limit::AsMany),
        ("ax-percpu" | "percore", "aarch64") if is_hot_access => Some(Limit::Part(0.5)),
        // A pin at hand is as good as the per-CPU register.
        ("ax-percpu", "x86_64") => Some(Limit::AsMany),
        ("ax-percpu" | "percore", _) => Some(Limit::Fewer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn table(title: &str, operation: &str, cells: [Option<f64>; CRATES.len()]) -> Counts {
        Counts {
            title: title.to_owned(),
            rows: vec![(operation.to_owned(), cells)],
            fixed: BTreeSet::new(),
        }
    }

    /// Without numbers for the last of the crates.
    fn row_of(cells: &[Option<f64>]) -> [Option<f64>; CRATES.len()] {
        let mut row = [None; CRATES.len()];
        row[..cells.len()].copy_from_slice(cells);
        row
    }

    fn texts(table: Counts) -> Vec<String> {
        let misses = misses(&[table], &[]).into_iter();
        misses.map(|miss| miss.text).collect()
    }

    #[test]
    fn one_instruction_too_many_is_a_miss() {
        let row = |own| row_of(&[Some(own), Some(3.0), Some(22.0), Some(4.0), None, Some(1.0)]);
        assert_eq!(texts(table("aarch64", "read hot", row(2.0))), [""; 0]);
        assert_eq!(
            texts(table("aarch64", "read hot", row(3.0))),
            [
                format!(
                    "3, but {}: 3, and no more than 0.67 of them are promised",
                    title(1)
                ),
                format!(
                    "3, but {}: 4, and no more than 0.50 of them are promised",
                    title(3)
                )
            ]
        );
        assert_eq!(texts(table("aarch64", "read", row(3.0))), [""; 0]);
        assert_eq!(
            texts(table("aarch64", "read", row(4.0))),
            [
                format!("4, but {}: 3, and no more are promised", title(1)),
                format!("4, but {}: 4, and fewer are promised", title(3))
            ]
        );
        assert_eq!(texts(table("riscv64", "write hot", row(1.0))), [""; 0]);
        assert_eq!(texts(table("riscv64", "write hot", row(2.0))).len(), 1);
    }

    #[test]
    fn what_cannot_be_anywhere_sets_no_limit_there() {
        let row = row_of(&[Some(4.0), Some(3.0), Some(22.0), Some(4.0), None, Some(1.0)]);
        let anywhere = || table("aarch64, any address", "read hot", row);
        let fixed = Counts {
            fixed: BTreeSet::from(["percpu"]),
            ..anywhere()
        };
        assert_eq!(texts(fixed), [""; 0]);
        assert_eq!(
            texts(anywhere()),
            [format!("4, but {}: 3, and no more are promised", title(1))]
        );
    }

    #[test]
    fn what_is_made_at_run_time_is_as_near_as_with_linux() {
        let row = |own| row_of(&[Some(own), None, None, None, None, Some(3.0)]);
        for title in ["aarch64", "aarch64, any address"] {
            assert_eq!(texts(table(title, "read dynamic", row(3.0))), [""; 0]);
            assert_eq!(
                texts(table(title, "read dynamic", row(4.0))),
                ["4, but Linux, in C: 3, and no more are promised"]
            );
        }
    }

    #[test]
    fn an_increment_with_lse_has_a_number_of_its_own() {
        let row = |own| row_of(&[Some(own)]);
        let title = "aarch64 with LSE";
        assert_eq!(texts(table(title, "add one hot", row(4.0))), [""; 0]);
        assert_eq!(
            texts(table(title, "add one hot", row(5.0))),
            ["5, but 4 are promised"]
        );
    }
}
