//! Defect 54, rule 2: many threads claim one id, and one gets it.
//!
//! must print: 4 of 16
#![forbid(unsafe_code)]

use std::thread;

use percpu_hv::{claim_percpu_reg, def_percpu};

#[def_percpu]
static QUEUE: Vec<usize> = Vec::new();

fn main() {
    percpu_hv::init_hosted(4).unwrap();
    let threads: [_; 16] = std::array::from_fn(|thread| {
        thread::spawn(move || {
            let claimed = claim_percpu_reg(thread % 4).is_ok();
            if claimed {
                QUEUE.with_current(|queue| queue.push(thread));
            }
            usize::from(claimed)
        })
    });
    let claimed = threads.map(|thread| thread.join().unwrap());
    println!("{} of 16", claimed.iter().sum::<usize>());
}
