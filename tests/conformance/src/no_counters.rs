//! In place of `counters.rs` where no atomic has 64 bits.

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a counter loses no addition", skipped),
    ("a counter's batches lose no addition", skipped),
    ("a sum is never too high", skipped),
    ("counters in an array count each", skipped),
];

fn skipped(bench: &Bench<'_>) {
    bench.skip("this architecture has no atomics of 64 bits, which a counter is made of");
}
