//! Defect 33, rule 5: a panic hook borrows, which runs before the stack is unwound.
//!
//! must print: hook: true
//! must print: unwinding: true
//! must print: after: [1]
#![forbid(unsafe_code)]

use std::panic::catch_unwind;

#[percpu_hv::def_percpu]
static QUEUE: Vec<u64> = Vec::new();

struct Unwound;

impl Drop for Unwound {
    fn drop(&mut self) {
        println!("unwinding: {}", QUEUE.try_with_current(Vec::clear).is_err());
    }
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| {
        println!("hook: {}", QUEUE.try_with_current(Vec::clear).is_err());
    }));
    let _ = catch_unwind(|| {
        QUEUE.with_current(|queue| {
            queue.push(1);
            let _unwound = Unwound;
            panic!("in the middle");
        })
    });
    println!("after: {:?}", QUEUE.with_current(|queue| queue.clone()));
}
