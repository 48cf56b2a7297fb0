//! Defect 35, rule 6: the sum of counters that are exclusive by option, while their CPUs change them.
//!
//! must not compile: has no such `sum`
#![forbid(unsafe_code)]

use percpu_hv::{PerCpuCounter, def_percpu};

#[def_percpu(exclusive)]
static COUNTER: PerCpuCounter = PerCpuCounter::new();
#[def_percpu(exclusive)]
static NUMBER: u64 = 0;

fn main() {
    let _: i64 = COUNTER.sum(); //~
    let _: u64 = NUMBER.sum(); //~
}
