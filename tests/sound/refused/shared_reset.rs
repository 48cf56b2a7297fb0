//! Defect 34, rule 16: `reset_to_init` drops what `get` and `get_local` give references to.
//!
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
#![forbid(unsafe_code)]

use std::cell::RefCell;

use percpu_hv::{PerCpuOnce, def_percpu};

#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());
#[def_percpu]
static ONCE: PerCpuOnce<String> = PerCpuOnce::new();
#[def_percpu(shared)]
static NUMBER: u64 = 0;

fn main() {
    REFCELL.reset_to_init(); //~
    ONCE.reset_to_init(); //~
    NUMBER.reset_to_init(); //~
}
