//! Defect 33, rule 5: a store to a scalar that is exclusive by option, inside of `with_current`.
//!
//! must not compile: is not loaded and stored as a whole
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, def_percpu};

#[def_percpu(exclusive)]
static NUMBER: u64 = 0;

fn main() {
    NUMBER.with_current(|number| {
        let seen = *number;
        NUMBER.write_current(seen + 1); //~
        NUMBER.swap_current(1); //~
        let _ = NUMBER.read_remote(CpuId::new(0).unwrap()); //~
        *number
    });
}
