//! What the ladder in mod.rs chooses for an architecture that has no line there.

compile_error!(
    "percpu-hv has no backend for this architecture: docs/porting.md says how to add one"
);
