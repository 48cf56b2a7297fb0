//! Rule 13: a reference that outlives the pin, whose context may be elsewhere then.
//!
//! must not compile: `pin` does not live long enough
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use percpu_hv::{CpuPin, def_percpu};

#[def_percpu]
static ATOMIC: AtomicU64 = AtomicU64::new(0);

fn main() {
    let kept;
    {
        let pin = CpuPin::new();
        kept = ATOMIC.get(&pin); //~
    }
    println!("{kept:?}");
}
