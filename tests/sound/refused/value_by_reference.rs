//! Defect 31, rule 16: a reference to a value, which `write_current` stores to.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Shared` one of a type that is `Send` does
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, CpuPin, IrqOff, def_percpu};

#[def_percpu]
static EXITS: u64 = 0;

fn main() {
    let (pin, irq, cpu) = (CpuPin::new(), IrqOff::new(), CpuId::new(0).unwrap());
    let _ = EXITS.get(&pin); //~
    let _ = EXITS.get(&irq); //~
    let _ = EXITS.get_local(&irq); //~
    let _ = EXITS.on(cpu); //~
    let _ = EXITS.iter(); //~
    let _ = EXITS.fold(0, |sum, exits| sum + exits); //~
}
