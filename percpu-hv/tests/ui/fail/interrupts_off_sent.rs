//! If an `IrqOff` were `Send`: interrupts come back on on another CPU, and stay off on this one.

use std::thread;

fn main() {
    let irq = percpu_hv::IrqOff::new();
    thread::spawn(move || drop(irq));
}
