//! Compiles the package `operations` in every mode, and gives its instructions as texts.
//!
//! `code/<mode>.txt` are the texts that must come out; `scripts/test.sh codegen --bless` writes them.

mod compile;
mod listing;
mod mode;

pub use self::{
    compile::{Compiled, compile, errors, rustc_version},
    listing::{Function, Instruction, Relocation, functions},
    mode::{MODES, Mode},
};
