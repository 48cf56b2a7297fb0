//! Rule 9: memory that is too small or misaligned, and CPU counts that do not fit.
//!
//! must print: Err TooSmall
//! must print: Err
//! must print: Err
//! must print: Err
//! must print: Err NoCpus
//! must print: 5 5
#![forbid(unsafe_code)]

use std::mem::MaybeUninit;

use percpu_hv::{InitError, def_percpu};

#[def_percpu]
static NUMBER: u64 = 5;

fn say(result: Result<usize, InitError>) {
    match result {
        Ok(count) => println!("Ok {count}"),
        Err(InitError::TooSmall { .. }) => println!("Err TooSmall"),
        Err(InitError::NoCpus) => println!("Err NoCpus"),
        Err(_) => println!("Err"),
    }
}

fn main() {
    let layout = percpu_hv::percpu_area_layout_expected(2);
    let memory = Vec::leak(vec![
        MaybeUninit::uninit();
        4 * layout.size() + 4 * layout.align()
    ]);
    let start = memory.as_ptr().align_offset(layout.align());
    let (first, rest) = memory.split_at_mut(start + layout.size() - 1);
    say(percpu_hv::init_from(&mut first[start..], 2));
    say(percpu_hv::init_from(&mut [], usize::MAX));
    let odd = rest.as_ptr().align_offset(layout.align()) + 1;
    say(percpu_hv::init_from(&mut rest[odd..], 2));
    say(percpu_hv::init_hosted(usize::MAX / 2));
    say(percpu_hv::init_hosted(0));
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    NUMBER.with_current(|number| assert_eq!(*number, 5));
    println!("{} {}", NUMBER.read_current(), NUMBER.sum::<u64>() / 2);
}
