//! Rule 21: a path of a program's own, which leads out of the variable.
//!
//! must not compile: requires an `unsafe impl` declaration
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu(elements)]
static EXITS: [u64; 4] = [0; 4];

struct Outside;

impl percpu_hv::__priv::Path for Outside {
    //~^
    type Of = [u64; 4];
    type To = u64;
    const OFFSET: usize = 1 << 20;
}

struct Short;

impl percpu_hv::__priv::HasField<u64, 0> for Short {
    //~^
    const OFFSET: usize = 1 << 20;
}

fn main() {
    EXITS.at(0).inc_current();
}
