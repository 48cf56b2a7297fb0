//! Defect 31, rule 16: an operation on a scalar that is shared by option, under a reference of `get`.
//!
//! must not compile: type `u64` has no `add` and `sub`
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, def_percpu};

#[def_percpu(shared)]
static NUMBER: u64 = 0;

fn main() {
    let pin = CpuPin::new();
    let seen = NUMBER.get(&pin);
    NUMBER.add_current(1); //~
    NUMBER.sub_current(1); //~
    NUMBER.inc_current(); //~
    NUMBER.dec_current(); //~
    NUMBER.or_current(1); //~
    println!("{seen}");
}
