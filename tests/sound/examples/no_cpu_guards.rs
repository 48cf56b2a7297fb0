//! Rule 2: guards and accesses by a thread that is no CPU.
//!
//! must print: 6 refused
#![forbid(unsafe_code)]

use std::panic::catch_unwind;

use percpu_hv::{CpuPin, IrqOff, def_percpu};

#[def_percpu]
static NUMBER: u64 = 0;
#[def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    std::panic::set_hook(Box::new(|_| ()));
    let attempts: [fn(); 6] = [
        || _ = CpuPin::new(),
        || _ = IrqOff::new(),
        || IrqOff::scoped(|_| ()),
        || NUMBER.inc_current(),
        || NUMBER.reset_to_init(),
        || _ = QUEUE.try_with_current(Vec::clear),
    ];
    let refused = attempts
        .iter()
        .filter(|attempt| catch_unwind(**attempt).is_err());
    println!("{} refused", refused.count());
}
