//! Defect 32, rule 16: a reference into a `Vec`, which `with_current` frees.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Shared` one of a type that is `Send` does
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, CpuPin, IrqOff, def_percpu};

#[def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    let (pin, irq, cpu) = (CpuPin::new(), IrqOff::new(), CpuId::new(0).unwrap());
    let _ = QUEUE.get(&pin); //~
    let _ = QUEUE.get(&irq); //~
    let _ = QUEUE.get_local(&irq); //~
    let _ = QUEUE.on(cpu); //~
    let _ = QUEUE.iter(); //~
    let _ = QUEUE.fold(0, |sum, queue| sum + queue.len()); //~
}
