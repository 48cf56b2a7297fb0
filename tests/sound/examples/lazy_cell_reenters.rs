//! Rule 16: the initializer of a `LazyCell` needs its own value.
//!
//! must panic: LazyCell
#![forbid(unsafe_code)]

use std::cell::LazyCell;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static LAZY: LazyCell<String> = LazyCell::new(|| {
    let irq = IrqOff::new();
    LazyCell::force(LAZY.get_local(&irq)).clone()
});

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    println!("{}", **LAZY.get_local(&IrqOff::new()));
}
