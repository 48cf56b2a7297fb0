//! Rule 5: a panic in the middle of a change of a value, of which nothing is stored.
//!
//! must print: 3 true 3
//! must print: 4
#![forbid(unsafe_code)]

use std::panic::catch_unwind;

#[percpu_hv::def_percpu]
static NUMBER: u64 = 3;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let before = NUMBER.read_current();
    let panic = catch_unwind(|| {
        NUMBER.with_current(|number| {
            *number = 9;
            panic!("in the middle");
        })
    });
    println!("{before} {} {}", panic.is_err(), NUMBER.read_current());
    NUMBER.inc_current();
    println!("{}", NUMBER.read_current());
}
