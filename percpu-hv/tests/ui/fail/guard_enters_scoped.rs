//! A guard that entered `scoped` would end inside the call, and unmask interrupts there.

use percpu_hv::IrqOff;

fn main() {
    let entering = IrqOff::new();
    IrqOff::scoped(|_| drop(entering));
}
