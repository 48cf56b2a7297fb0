//! A number for each operation and crate: what tables and charts show.

use std::collections::BTreeSet;

use crate::{
    crates::CRATES,
    executed::Executed,
    peers::{Found, OPERATIONS},
};

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
            let cells = CRATES.map(|name| count(name, operation));
            (operation.replace('_', " "), cells)
        });
        let rows = rows.filter(|(_, cells)| cells[0].is_some()).collect();
        Self {
            title: title.to_owned(),
            rows,
            fixed: BTreeSet::new(),
        }
    }

    /// The instructions of a mode, each operation beside the same one with the others.
    pub(crate) fn of_mode(found: &Found) -> Self {
        let count = |name: &str, operation: &str| in_mode(found, name, operation);
        Self {
            fixed: found.fixed.clone(),
            ..Self::new(found.mode, count)
        }
    }

    /// The instructions of a mode, each operation beside the others' shortest that gives the same: with the pin at hand,
    /// and of another CPU without a check.
    pub(crate) fn least_kind(found: &Found) -> Self {
        let count = |name: &str, operation: &str| {
            if name == CRATES[0] {
                return in_mode(found, name, operation);
            }
            let counts = same_result(operation).into_iter();
            let counts = counts.filter_map(|operation| in_mode(found, name, &operation));
            counts.reduce(f64::min)
        };
        Self {
            fixed: found.fixed.clone(),
            ..Self::new(found.mode, count)
        }
    }

    /// Executed instructions.
    pub(crate) fn executed(title: &str, counts: &Executed) -> Self {
        Self::new(title, |name, operation| {
            find(name, operation, |form| {
                counts.get(&format!("{name}.{form}")).copied()
            })
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

fn in_mode(found: &Found, name: &str, operation: &str) -> Option<f64> {
    let operations = found.costs.get(name)?;
    let cost = find(name, operation, |form| operations.get(form));
    cost.map(|cost| cost.instructions as f64)
}

/// What `get` has of the operation as a crate has it: what the crate has no form of is compared with its usual form.
pub(crate) fn find<T>(name: &str, operation: &str, get: impl Fn(&str) -> Option<T>) -> Option<T> {
    if name == CRATES[0] {
        return get(operation);
    }
    let cold = operation.strip_suffix("_hot");
    let of_hot = cold.is_some();
    let cold = cold.unwrap_or(operation);
    let usual = cold.strip_suffix("_by_reference").unwrap_or(cold);
    // Each access that begins without a pin makes one.
    let usual = match usual.strip_suffix("_new_pin") {
        Some(usual) if ["ax-percpu", "percore"].contains(&name) => usual,
        _ => usual,
    };
    let hot = of_hot.then(|| get(&format!("{usual}_hot"))).flatten();
    hot.or_else(|| get(cold)).or_else(|| get(usual))
}

/// The operations that give the same result, or more: those that leave out what the caller may have done before.
fn same_result(operation: &str) -> Vec<String> {
    let (cold, hot) = match operation.strip_suffix("_hot") {
        Some(cold) => (cold, "_hot"),
        None => (operation, ""),
    };
    let other_cpu = ["read_remote_checked", "read_remote_unchecked"];
    let forms = match cold {
        "read_remote" => vec!["read_remote", other_cpu[0], other_cpu[1]],
        _ if other_cpu.contains(&cold) => other_cpu.to_vec(),
        _ => vec![cold],
    };
    let mut forms: Vec<_> = forms.into_iter().map(str::to_owned).collect();
    let base = ["_pinned", "_new_pin", "_by_reference"];
    let base = base.iter().find_map(|suffix| cold.strip_suffix(suffix));
    let base = base.unwrap_or(cold);
    forms.extend([format!("{base}{hot}"), format!("{base}_pinned{hot}")]);
    forms
}

/// Without a fraction where there is none.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, operation: &str, has: &[&str]) -> Option<String> {
        find(name, operation, |form| {
            has.contains(&form).then(|| form.to_owned())
        })
    }

    #[test]
    fn the_nearest_form_of_a_crate_is_compared() {
        let usual = ["read", "increment", "read_pinned"];
        for (name, operation, form) in [
            ("percpu", "read_hot", Some("read")),
            ("percpu", "increment_by_reference_hot", Some("increment")),
            ("percpu", "read_new_pin", None),
            ("ax-percpu", "read_new_pin_hot", Some("read")),
            ("percore", "read_pinned_hot", Some("read_pinned")),
            ("percpu-hv", "read_hot", None),
        ] {
            let form = form.map(str::to_owned);
            assert_eq!(found(name, operation, &usual), form, "{name}.{operation}");
        }
        let of_c = found(
            "c_thread_local",
            "increment_by_reference_hot",
            &["increment_hot"],
        );
        assert_eq!(of_c.as_deref(), Some("increment_hot"));
    }

    #[test]
    fn the_least_kind_comparison_leaves_out_pins_and_checks() {
        assert!(same_result("read_hot").contains(&"read_pinned_hot".to_owned()));
        assert!(same_result("read_new_pin").contains(&"read_pinned".to_owned()));
        assert!(same_result("increment_by_reference").contains(&"increment_pinned".to_owned()));
        let remote = same_result("read_remote_checked");
        assert!(remote.contains(&"read_remote_unchecked".to_owned()));
        assert!(!remote.contains(&"read_remote".to_owned()));
    }
}
