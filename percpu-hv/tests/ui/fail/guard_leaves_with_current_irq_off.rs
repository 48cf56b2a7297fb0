//! A guard that left `with_current_irq_off` would keep the state that it found inside of the call: masked.

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static EXITS: u64 = 0;

fn main() {
    let _left = EXITS.with_current_irq_off(|_| IrqOff::new());
}
