//! Rule 2: an access by a thread that is no CPU.
//!
//! must panic: this thread is no CPU yet
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static NUMBER: u64 = 0;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    println!("{}", NUMBER.read_current());
}
