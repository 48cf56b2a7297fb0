//! Rule 1: the storage, which has a name in the user's module.
//!
//! must not compile: E0133
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static EXITS: u64 = 0;
#[def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    __PERCPU_EXITS = 1; //~
    println!("{}", __PERCPU_EXITS); //~
    __PERCPU_QUEUE = Vec::new(); //~
}
