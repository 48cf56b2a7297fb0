//! Rule 24: a newtype is a scalar as its field is, and not as what a macro in the field's type expands to in the derive.
//!
//! must print: true
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;
use sound_macros::next_type;

#[derive(Clone, Copy, percpu_hv::Scalar)]
#[repr(transparent)]
struct Id(pub next_type!());

#[def_percpu]
static ID: Id = Id(0);
#[def_percpu]
static AFTER: [u8; 7] = [0; 7];

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    ID.write_current(Id(!0));
    let ones = ID.read_current().0.count_ones();
    assert_eq!(AFTER.with_current(|after| *after), [0; 7]);
    println!("{}", size_of::<Id>() * 8 == ones as usize);
}
