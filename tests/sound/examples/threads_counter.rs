//! Rule 6: counters that threads of one CPU and of others add to.
//!
//! must print: 12000 12000 true
#![forbid(unsafe_code)]

use percpu_hv::{PerCpuCounter, def_percpu};
use sound::on_cpus;

#[def_percpu]
static PLAIN: PerCpuCounter = PerCpuCounter::new();
#[def_percpu]
static BATCHED: PerCpuCounter<16> = PerCpuCounter::new();

fn main() {
    percpu_hv::init_hosted(3).unwrap();
    on_cpus([0, 0, 1, 2], |_| {
        for _ in 0..1000 {
            PLAIN.add(5);
            PLAIN.sub(2);
            BATCHED.add(3);
            let _ = (BATCHED.sum::<i64>(), BATCHED.approximate());
        }
    });
    let near = (BATCHED.approximate() - 12_000).abs() < 3 * 16;
    println!("{} {} {near}", PLAIN.sum::<i64>(), BATCHED.sum::<i64>());
}
