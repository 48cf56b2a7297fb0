//! If an `IrqOff` were `Send`, its drop would restore interrupts on another CPU, and leave them masked here.

use std::thread;

fn main() {
    let irq = percpu_hv::IrqOff::new();
    thread::spawn(move || drop(irq));
}
