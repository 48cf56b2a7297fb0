//! Defect 43, rule 5: threads that run as one CPU borrow an exclusive variable.
//!
//! must print: 6000 6000
//! must print: 2000 2000
#![forbid(unsafe_code)]

use std::thread;

use percpu_hv::def_percpu;
use sound::on_cpus;

#[def_percpu]
static QUEUE: (Vec<u64>, u64) = (Vec::new(), 0);

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    on_cpus([0, 0, 0, 1], |_| {
        for turn in 0..2000 {
            QUEUE.with_current(|(queue, count)| {
                queue.push(turn);
                // Whoever does not take turns comes in here.
                if turn % 100 == 0 {
                    thread::yield_now();
                }
                *count += 1;
                assert_eq!(queue.len() as u64, *count);
            });
        }
    });
    for cpu in 0..2 {
        percpu_hv::init_percpu_reg(cpu);
        let (length, count) = QUEUE.with_current(|(queue, count)| (queue.len(), *count));
        println!("{length} {count}");
    }
}
