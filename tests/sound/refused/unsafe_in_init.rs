//! Rule 20: an operation that needs `unsafe`, without it, in what makes the values of a variable.
//!
//! must not compile: E0133
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu(init = |_cpu| *(0x1000 as *const u64))] //~
static CLOSURE: u64;
#[def_percpu(init = { let _ = *(0x1000 as *const u64); made })] //~
static BLOCK: u64;
#[def_percpu(init = |_cpu| String::from_utf8_unchecked(vec![0xff]))] //~
static CALL: String;

fn made(_cpu: usize) -> u64 {
    0
}

fn main() {
    println!("{}", CLOSURE.read_current() + BLOCK.read_current());
}
