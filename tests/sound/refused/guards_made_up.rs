//! Rule 13: guards that nobody made.
//!
//! must not compile: due to private fields
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, IrqOff};

fn main() {
    let pin = CpuPin { register: 8 }; //~
    let _ = IrqOff { pin, alone: None }; //~
}
