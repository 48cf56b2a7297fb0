//! Rule 24: the type of a field is the same wherever a derive has it.
//!
//! must not compile: mismatched types
#![forbid(unsafe_code)]

use sound_macros::next_length;

#[derive(percpu_hv::Elements)] //~
struct Stats {
    exits: [u64; next_length!()],
    traps: u64,
}

fn main() {}
