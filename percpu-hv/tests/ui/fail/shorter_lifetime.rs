//! If a variable's type could shorten a lifetime, the variable could keep a dangling reference.

use percpu_hv::{PerCpu, def_percpu};

#[def_percpu]
static BYTE: &u8 = &1;
#[def_percpu]
static NAME: (&str, u8) = ("boot", 0);

fn value<'a>(byte: &'a u8) {
    let variable: &PerCpu<__PerCpu_BYTE, &'a u8> = &BYTE;
    variable.write_current(byte);
}

fn exclusive<'a>(name: &'a str) {
    let variable: &PerCpu<__PerCpu_NAME, (&'a str, u8)> = &NAME;
    variable.with_current(|pair| pair.0 = name);
}

fn main() {
    value(&2);
    exclusive("secondary");
    BYTE.write_current(&Box::new(3));
}
