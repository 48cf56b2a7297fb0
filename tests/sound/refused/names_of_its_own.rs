//! Rule 1: a variable without `def_percpu`, by what expansions name.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

enum Symbol {}
impl percpu_hv::__priv::Symbol<u64> for Symbol {
    //~^
    type Kind = percpu_hv::kind::Exclusive;
    const HOT: bool = false;
    fn address() -> usize {
        8
    }
    fn displacement() -> usize {
        8
    }
    fn initial() -> u64 {
        0
    }
    fn flag() -> (usize, &'static str) {
        (8, "")
    }
}

fn main() {}
