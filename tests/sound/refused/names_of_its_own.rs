//! Rule 1: a variable without `def_percpu`, by what expansions name.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

struct Symbol;
impl percpu_hv::Place<u64> for Symbol {
    //~^
    type Kind = percpu_hv::kind::Exclusive;
    const HOT: bool = false;
    fn displacement(&self) -> usize {
        8
    }
    fn flag(&self) -> (usize, &'static str) {
        (8, "")
    }
}

fn main() {}
