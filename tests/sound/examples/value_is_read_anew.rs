//! Defect 31, rule 16: what is read after a store, also where the optimizer holds the first value.
//!
//! must print: 0 1 3 7
//! must print: 9 9
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, CpuPin, def_percpu};

#[def_percpu]
static EXITS: u64 = 0;
#[def_percpu(hot)]
static HOT: u64 = 0;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    let (pin, cpu) = (CpuPin::new(), CpuId::new(1).unwrap());
    let first = EXITS.read(&pin);
    EXITS.write_current(1);
    let second = EXITS.read(&pin);
    EXITS.add_current(2);
    let third = EXITS.read_remote(cpu);
    EXITS.with_current(|exits| *exits += 4);
    println!("{first} {second} {third} {}", EXITS.read(&pin));
    HOT.with_current(|hot| {
        HOT.write_current(9);
        *hot += 0;
    });
    println!("{} {}", HOT.read_current(), HOT.sum());
}
