//! Defect 39: a `&mut` inside of the initial value.
//!
//! must not compile: E0764
#![forbid(unsafe_code)]

use std::sync::Mutex;

use percpu_hv::def_percpu;

struct Owner {
    buffer: &'static mut [u8],
}

#[def_percpu]
static STRUCT: Owner = Owner {
    buffer: &mut [1, 2], //~
};
#[def_percpu]
static TUPLE: (&mut u8, u8) = (&mut 1, 2); //~
#[def_percpu]
static BLOCK: [&mut u8; 1] = { [&mut 1] }; //~
#[def_percpu]
static NESTED: &Mutex<u8> = &Mutex::new({
    let _ = 1;
    3
});
#[def_percpu]
static DEEP: &&mut u8 = &&mut 1; //~

fn main() {}
