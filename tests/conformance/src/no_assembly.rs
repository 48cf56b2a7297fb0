//! In place of `assembly.rs` in a process.

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[("access in assembly", skipped)];

fn skipped(bench: &Bench<'_>) {
    bench.skip("a process has no per-CPU register that assembly can name");
}
