//! Rule 14: types with the names of the language's scalars, which would be values unchecked.
//!
//! must not compile: has the name of a scalar of the language
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use percpu_hv::{Scalar, Shared, def_percpu};

#[derive(Clone, Copy, Scalar)]
#[repr(u8)]
enum u64 {
    One = 1,
}
impl Shared for u64 {}

type u32 = Option<&'static u64>;
type bool = [u64; 2];

#[def_percpu]
static BOTH: u64 = u64::One; //~
#[def_percpu(init = |_| u64::One)]
static MADE: u64; //~
#[def_percpu]
static ALIAS: u32 = None; //~
#[def_percpu]
static ARRAY: bool = [u64::One; 2]; //~
#[def_percpu]
static ELEMENT: [u64; 2] = [u64::One; 2]; //~

fn main() {}
