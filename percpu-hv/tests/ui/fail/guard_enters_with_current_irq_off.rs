//! A guard that entered `with_current_irq_off` would end inside the call, and unmask interrupts there.

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static EXITS: u64 = 0;

fn main() {
    let entering = IrqOff::new();
    EXITS.with_current_irq_off(|_| drop(entering));
}
