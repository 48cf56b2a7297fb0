//! The names of the language's scalars tell the kind of a variable, so another type of such a name is refused.
#![allow(non_camel_case_types)]

use std::sync::atomic::AtomicU64;

use percpu_hv::{Scalar, def_percpu};

type u64 = AtomicU64;

#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
struct u8(u32);

#[def_percpu]
static ALIAS: u64 = u64::new(0);

#[def_percpu]
static NEWTYPE: u8 = u8(0);

#[def_percpu]
static ARRAY: [u8; 2] = [u8(0); 2];

#[def_percpu(init = |_| u8(0))]
static MADE: u8;

#[def_percpu]
static BY_A_PATH: self::u8 = u8(0);

fn main() {
    NEWTYPE.write_current(u8(1));
    MADE.read_current();
    ARRAY.with_current(|array| array[0] = u8(1));
    BY_A_PATH.write_current(u8(1));
}
