//! In place of `dumps.rs` without the feature `dump`.

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("every variable is listed once", skipped),
    ("the copies of all CPUs are printed", skipped),
];

fn skipped(bench: &Bench<'_>) {
    bench.skip("the feature `dump` makes the list");
}
