//! Rule 1: `unsafe` in the tokens that a definition hands on is seen where the user forbids it.
//!
//! must not compile: usage of an `unsafe` block
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static VALUE: u64 = unsafe { std::mem::zeroed() }; //~
#[def_percpu(shared)]
static TYPE: [u8; unsafe { 1_usize.unchecked_add(1) }] = [0; 2]; //~

fn main() {}
