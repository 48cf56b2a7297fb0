//! A trait for all types, with the constants that kinds are looked up by.

use percpu_hv::def_percpu;

trait Wire {
    const SCALAR: u8 = 1;
    const SHARED: u8 = 2;
    const INTEGER: u8 = 3;
    const SEND: u8 = 4;
}
impl<T> Wire for T {}

#[def_percpu]
static NAMES: Vec<String> = Vec::new();
#[def_percpu]
static EXITS: u64 = (u64::SCALAR + u64::SHARED + u64::INTEGER + u64::SEND) as u64;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(EXITS.read_current(), 10);
    assert_eq!(NAMES.try_with_current(|names| names.len()), Ok(0));
}
