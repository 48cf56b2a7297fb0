//! A process has no per-CPU register that assembly can name.

use crate::Test;

pub(crate) const TESTS: &[Test] = &[];
