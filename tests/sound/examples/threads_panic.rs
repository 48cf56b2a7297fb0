//! Defect 43, rule 5: a panic in `f` and under a guard lets the other threads of the CPU in.
//!
//! must print: 2 panics, [1, 2, 3]
#![forbid(unsafe_code)]

use std::thread;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    let attempts: [fn(); 2] = [
        || {
            QUEUE.with_current(|queue| {
                queue.push(1);
                panic!("in a borrow");
            })
        },
        || {
            let _irq = IrqOff::new();
            QUEUE.with_current(|queue| queue.push(2));
            panic!("under a guard");
        },
    ];
    let panics = attempts.into_iter().filter(|attempt| {
        let attempt = *attempt;
        let thread = thread::spawn(move || {
            percpu_hv::init_percpu_reg(0);
            attempt();
        });
        thread.join().is_err()
    });
    let panics = panics.count();
    QUEUE.with_current(|queue| queue.push(3));
    println!(
        "{panics} panics, {:?}",
        QUEUE.with_current(|queue| queue.clone())
    );
}
