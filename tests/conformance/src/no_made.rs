//! In place of `made.rs` in an image with `custom-base`, where the platform makes the areas.

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a function makes each CPU's value", skipped),
    ("no two CPUs have the same value", skipped),
    ("a reset makes the value again", skipped),
];

pub(crate) const TESTS_WITH_AREAS: &[Test] = &[
    ("values of other CPUs are made by their index", skipped),
    ("an area built anew has new values", skipped),
];

fn skipped(bench: &Bench<'_>) {
    bench.skip("the platform makes the areas, and not the values of `init`");
}
