//! In place of `far.rs` where offsets have 16 bits: the linker refuses what that one has, as the package `links`
//! checks.

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a variable of 64 KiB", skipped),
    ("scalars behind it", skipped),
];

fn skipped(bench: &Bench<'_>) {
    bench.skip("offsets have 16 bits here; those of `non-zero-vma` have more");
}
