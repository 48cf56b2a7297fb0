//! Rule 2: an access by a thread that is no CPU.
//!
//! must panic: this thread is no CPU yet
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    println!("{}", QUEUE.with_current(|queue| queue.len()));
}
