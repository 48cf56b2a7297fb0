//! More hot variables than an immediate offset reaches.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine};
use percpu_hv::def_percpu;

hv_boot::main!(main);

#[def_percpu(hot)]
static HOT: u64 = 1;
#[def_percpu(hot)]
static LARGE: [u8; 4096] = [0x5a; 4096];
#[def_percpu(hot)]
static LARGE_TOO: [u8; 4096] = [0xa5; 4096];

fn main(_: &'static Machine) -> ExitCode {
    match images::report(percpu_hv::init_in_place()) {
        Err(status) => status,
        Ok(_) => {
            percpu_hv::init_percpu_reg(0);
            assert_eq!(HOT.read_current(), 1);
            assert_eq!(LARGE.with_current(|large| large[4095]), 0x5a);
            assert_eq!(LARGE_TOO.with_current(|large| large[4095]), 0xa5);
            ExitCode::SUCCESS
        }
    }
}
