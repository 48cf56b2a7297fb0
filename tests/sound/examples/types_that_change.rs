//! Rule 24: a macro that expands to another type each time is expanded once.
//!
//! must print: 1 2 [3] [4, 4] 4
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;
use sound_macros::{next_length, next_type};

#[def_percpu]
static BYTE: next_type!() = 1;
#[def_percpu(hot)]
static HALF: next_type!() = 2;
#[def_percpu]
static ONE: [u8; next_length!()] = [3; _];
#[def_percpu(elements)]
static TWO: [u16; next_length!()] = [4; _];
#[def_percpu(exclusive)]
static WORD: next_type!() = 0;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    let (byte, half): (u8, u16) = (BYTE.read_current(), HALF.read_current());
    println!(
        "{} {} {:?} {:?} {}",
        byte,
        half,
        ONE.with_current(|array| *array),
        [TWO.at(0).read_current(), TWO.at(1).read_current()],
        WORD.with_current(|word| size_of_val::<u32>(word)),
    );
}
