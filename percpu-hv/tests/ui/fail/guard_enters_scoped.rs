//! If a guard could enter `scoped`: it ends inside of the call, and turns interrupts on.

use percpu_hv::IrqOff;

fn main() {
    let entering = IrqOff::new();
    IrqOff::scoped(|_| drop(entering));
}
