//! Defect 32, rule 16: references of `iter`, `on` and `fold` that live after everything else ended.
//!
//! must print: [10, 11, 12]
//! must print: 33 36
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use percpu_hv::{CpuId, def_percpu};

#[def_percpu]
static COUNT: AtomicU64 = AtomicU64::new(0);

fn references() -> Vec<&'static AtomicU64> {
    percpu_hv::init_percpu_reg(0);
    COUNT.iter().rev().map(|(_, count)| count).collect()
}

fn main() {
    percpu_hv::init_hosted(3).unwrap();
    let mut kept = std::thread::spawn(references).join().unwrap();
    kept.reverse();
    let last = COUNT.on(CpuId::new(2).unwrap());
    for (count, value) in kept.iter().zip(10..) {
        count.store(value, Relaxed);
    }
    println!("{:?}", kept);
    let before = COUNT.fold(0, |sum, count| sum + count.load(Relaxed));
    last.fetch_add(3, Relaxed);
    println!(
        "{before} {}",
        COUNT.fold(0, |sum, count| sum + count.load(Relaxed))
    );
}
