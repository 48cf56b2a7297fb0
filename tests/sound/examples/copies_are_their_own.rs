//! Rule 3: each CPU drops its own copy of an initial value, and resets it to one of its own.
//!
//! must print: 2 drops, 0 left
//! must print: [] ["one"] []
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::def_percpu;

static DROPS: AtomicU32 = AtomicU32::new(0);

struct Counted(Vec<&'static str>);

impl Drop for Counted {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Relaxed);
    }
}

#[def_percpu]
static QUEUE: Counted = Counted(Vec::new());

fn main() {
    percpu_hv::init_hosted(3).unwrap();
    for cpu in 0..3 {
        percpu_hv::init_percpu_reg(cpu);
        QUEUE.with_current(|queue| queue.0.push(["zero", "one", "two"][cpu]));
        if cpu != 1 {
            QUEUE.reset_to_init();
        }
    }
    let left = QUEUE.with_current(|queue| queue.0.len());
    println!("{} drops, {left} left", DROPS.load(Relaxed));
    let copies = [0, 1, 2].map(|cpu| {
        percpu_hv::init_percpu_reg(cpu);
        QUEUE.with_current(|queue| format!("{:?}", queue.0))
    });
    println!("{}", copies.join(" "));
}
