//! Defect 31, rule 16: a store to a scalar that is shared by option, under a reference of `get`.
//!
//! must not compile: is not loaded and stored as a whole
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, CpuPin, def_percpu};

#[def_percpu(shared)]
static NUMBER: u64 = 0;

fn main() {
    let pin = CpuPin::new();
    let seen = NUMBER.get(&pin);
    NUMBER.write_current(1); //~
    NUMBER.write(&pin, 1); //~
    NUMBER.swap_current(1); //~
    let _ = NUMBER.compare_exchange_current(0, 1); //~
    let _ = NUMBER.read_current(); //~
    let _ = NUMBER.read(&pin); //~
    let _ = NUMBER.read_remote(CpuId::new(0).unwrap()); //~
    let _ = NUMBER.values(); //~
    println!("{seen}");
}
