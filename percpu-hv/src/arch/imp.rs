//! The file that mod.rs selects for an architecture without a line in its ladder.

compile_error!(
    "percpu-hv has no backend for this architecture: docs/porting.md describes how to add one"
);
