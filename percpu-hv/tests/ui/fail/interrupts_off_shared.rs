//! If an `IrqOff` were `Sync`, a thread on another CPU could borrow this CPU's `Cell` without masking interrupts.

use std::thread;

fn main() {
    let irq = percpu_hv::IrqOff::new();
    thread::scope(|scope| {
        scope.spawn(|| format!("{:?}", &irq));
    });
}
