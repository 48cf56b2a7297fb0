//! Defect 44, rule 14: `NonZero`, whose niche an enum around it uses.
//!
//! must print: Some(5) None
//! must print: 1 true
//! must print: 4 9
#![forbid(unsafe_code)]

use std::num::{NonZero, NonZeroU8};

use percpu_hv::{CpuId, def_percpu};

#[def_percpu]
static NON_ZERO: NonZeroU8 = NonZero::new(1).unwrap();
#[def_percpu]
static OPTION: Option<NonZero<i64>> = NonZero::new(5);
#[def_percpu]
static WIDE: NonZero<u128> = NonZero::new(4).unwrap();

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    let before = OPTION.swap_current(None);
    println!("{before:?} {:?}", OPTION.read_current());
    let one = NON_ZERO.read_current();
    let told = NON_ZERO.compare_exchange_current(one, NonZero::<u8>::MAX) == Ok(one);
    println!("{one} {told}");
    let four = WIDE.read_remote(CpuId::new(1).unwrap());
    WIDE.with_current(|wide| *wide = wide.checked_add(5).unwrap());
    println!("{four} {}", WIDE.read_current());
}
