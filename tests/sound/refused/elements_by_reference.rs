//! Rule 21: a reference to an element, or to the whole.
//!
//! must not compile: has no parts
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, CpuPin, def_percpu};

#[def_percpu(elements)]
static EXITS: [u64; 4] = [0; 4];
#[def_percpu]
static EXCLUSIVE: [u64; 4] = [0; 4];

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    EXITS.with_current(|exits| exits[0] = 1); //~
    let element: &u64 = EXITS.at(0).get(&CpuPin::new()); //~
    let other: &u64 = EXITS.at(0).on(CpuId::new(1).unwrap()); //~
    EXCLUSIVE.with_current(|whole| {
        EXCLUSIVE.at(0).write_current(1); //~
        println!("{} {element} {other}", whole[0]);
    });
}
