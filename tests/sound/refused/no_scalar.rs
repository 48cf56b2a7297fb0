//! Rule 14: values of types whose bits are not moved at once, or not all of one value.
//!
//! must not compile: is not loaded and stored as a whole
#![forbid(unsafe_code)]

use std::mem::MaybeUninit;

use percpu_hv::def_percpu;

#[def_percpu]
static WIDE: [u64; 2] = [0; 2];
#[def_percpu]
static PADDED: (u8, u32) = (0, 0);
#[def_percpu]
static STR: &str = "";
#[def_percpu]
static DYN: &(dyn Fn() + Sync) = &|| ();
#[def_percpu]
static UNIT: () = ();
#[def_percpu]
static NONE: [u64; 0] = [];
#[def_percpu]
static UNINIT: MaybeUninit<u64> = MaybeUninit::uninit();
#[def_percpu]
static OPTION: Option<u32> = None;
#[def_percpu]
static HIGHER: fn(&u8) -> u8 = |x| *x;

fn main() {
    let _ = WIDE.read_current(); //~
    PADDED.write_current((1, 2)); //~
    STR.write_current("x"); //~
    let _ = DYN.read_current(); //~
    UNIT.write_current(()); //~
    NONE.write_current([]); //~
    let _ = UNINIT.read_current(); //~
    let _ = OPTION.read_current(); //~
    let _ = HIGHER.read_current(); //~
}
