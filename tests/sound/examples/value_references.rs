//! Rule 14: references and functions as values, which stay what they were.
//!
//! must print: true true
//! must print: 5 false
//! must print: 9 7 9
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use percpu_hv::def_percpu;

static FIRST: AtomicU64 = AtomicU64::new(1);
static SECOND: AtomicU64 = AtomicU64::new(1);

#[def_percpu]
static CURRENT: &AtomicU64 = &FIRST;
#[def_percpu]
static EMPTY: Option<&[u64; 0]> = Some(&[]);
#[def_percpu]
static CALL: fn(u64) -> u64 = double;

fn double(x: u64) -> u64 {
    2 * x + 1
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    CURRENT.with_current(|current| *current = &SECOND);
    let moved = std::ptr::eq(CURRENT.read_current(), &SECOND);
    CURRENT.read_current().store(5, Relaxed);
    CURRENT.reset_to_init();
    println!("{moved} {}", std::ptr::eq(CURRENT.read_current(), &FIRST));
    // References to nothing may have the address of something.
    let beside: &'static [u64; 4] = Box::leak(Box::new([3; 4]));
    let (_, end) = beside.split_last_chunk::<0>().unwrap();
    EMPTY.with_current(|empty| *empty = Some(end));
    println!(
        "{} {}",
        SECOND.load(Relaxed),
        EMPTY.read_current().is_none()
    );
    let first = CALL.read_current()(4);
    CALL.with_current(|call| *call = |x| x + 3);
    println!("{first} {} {}", CALL.read_current()(4), double(4));
}
