//! Rule 3: a variable of many pages, of which each CPU has its own.
//!
//! must print: 1 2 0
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static BUFFER: [u8; 3 << 20] = [0; 3 << 20];
#[def_percpu]
static AFTER: u64 = 0;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    for cpu in 0..2 {
        percpu_hv::init_percpu_reg(cpu);
        BUFFER.with_current(|buffer| buffer.fill(cpu as u8 + 1));
    }
    percpu_hv::init_percpu_reg(0);
    let first = BUFFER.with_current(|buffer| buffer.iter().copied().max().unwrap());
    percpu_hv::init_percpu_reg(1);
    let second = BUFFER.with_current(|buffer| buffer.iter().copied().min().unwrap());
    println!("{first} {second} {}", AFTER.sum::<u64>());
}
