//! Defect 31, rule 5: the local copy of a value outlives the call.
//!
//! must not compile: lifetime may not live long enough
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static NUMBER: u64 = 0;

fn main() {
    let number = NUMBER.with_current(|number| number); //~
    *number = 1;
}
