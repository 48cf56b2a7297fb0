//! Rule 13: a guard of interrupts that nobody made.
//!
//! must not compile: of struct `IrqOff` are private
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, IrqOff};

fn main() {
    let (pin, restores) = (CpuPin::new(), None);
    let _ = IrqOff { pin, restores }; //~
}
