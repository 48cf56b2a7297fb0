//! Names of every shape; the made-up ones resolve beside them.

#![allow(non_upper_case_globals)]

use percpu_hv::def_percpu;

#[def_percpu]
static exits: u8 = 1;

#[def_percpu]
static r#type: u8 = 2;

#[def_percpu]
static r#plain: u8 = 3;

#[def_percpu]
static _LEADING: u8 = 4;

#[def_percpu]
static __: u8 = 5;

#[def_percpu]
static größe: u8 = 6;

#[def_percpu]
static X: u16 = 7;

#[def_percpu]
static X_: u32 = 8;

fn id(variable: &'static type_WRAPPER) -> u8 {
    variable.read_current()
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(id(&r#type), 2);
    let of = [
        &exits.read_current(),
        &plain.read_current(),
        &_LEADING.read_current(),
    ];
    assert_eq!(of, [&1, &3, &4]);
    assert_eq!((__.read_current(), größe.read_current()), (5, 6));
    let (x, x_): (&X_WRAPPER, &X__WRAPPER) = (&X, &X_);
    assert_eq!((x.read_current(), x_.read_current()), (7, 8));
}
