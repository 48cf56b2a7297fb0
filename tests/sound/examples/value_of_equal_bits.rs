//! Rule 14: stores that a comparison of values would leave out, or mistake.
//!
//! must print: true true false
//! must print: -0 true
//! must print: None Some(7)
//! must print: z
#![forbid(unsafe_code)]

use std::num::NonZero;

use percpu_hv::def_percpu;

#[def_percpu]
static FLOAT: f64 = 0.0;
#[def_percpu]
static FLAG: bool = false;
#[def_percpu]
static NON_ZERO: Option<NonZero<u64>> = NonZero::new(7);
#[def_percpu]
static LETTER: char = 'a';

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    FLAG.with_current(|flag| *flag = !*flag);
    let first = FLAG.read_current();
    println!(
        "{first} {} {}",
        FLAG.swap_current(false),
        FLAG.read_current()
    );
    FLOAT.with_current(|float| *float = -0.0);
    let zero = FLOAT.read_current();
    let nan = f64::from_bits(0x7ff8_0000_0000_0001);
    FLOAT.write_current(nan);
    FLOAT.with_current(|float| *float = f64::from_bits(float.to_bits() + 1));
    println!(
        "{zero} {}",
        FLOAT.read_current().to_bits() == nan.to_bits() + 1
    );
    let taken = NON_ZERO.with_current(Option::take);
    println!("{:?} {taken:?}", NON_ZERO.read_current());
    LETTER.with_current(|letter| *letter = 'z');
    println!("{}", LETTER.read_current());
}
