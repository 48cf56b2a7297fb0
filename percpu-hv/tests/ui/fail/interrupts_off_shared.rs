//! If an `IrqOff` were `Sync`: a thread on another CPU borrows this CPU's `Cell`, where interrupts are on.

use std::thread;

fn main() {
    let irq = percpu_hv::IrqOff::new();
    thread::scope(|scope| {
        scope.spawn(|| format!("{:?}", &irq));
    });
}
