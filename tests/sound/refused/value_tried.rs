//! Rule 5: an error of a borrow that a value cannot have.
//!
//! must not compile: as no other can be found borrowed
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static NUMBER: u64 = 0;

fn main() {
    let _ = NUMBER.try_with_current(|number| *number += 1); //~
}
