//! Rule 13: a second guard of the first one, which would unmask twice.
//!
//! must not compile: no method named `clone` found
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, IrqOff};

fn main() {
    let irq = IrqOff::new();
    let again = irq.clone(); //~
    let pin = CpuPin::new();
    let twice = pin.clone(); //~
    drop((irq, again, pin, twice));
}
