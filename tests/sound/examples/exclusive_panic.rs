//! Defect 33, rule 5: a panic in `f` ends the borrow, and leaves a value that works.
//!
//! must print: true
//! must print: ["kept", "also"]
//! must print: true
//! must print: ["kept", "also", "more"]
#![forbid(unsafe_code)]

use std::panic::catch_unwind;

#[percpu_hv::def_percpu]
static QUEUE: Vec<String> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    let panic = catch_unwind(|| {
        QUEUE.with_current(|queue| {
            queue.push("kept".into());
            queue.extend([String::from("also")].into_iter().inspect(|_| ()));
            panic!("in the middle");
        })
    });
    println!("{}", panic.is_err());
    println!("{:?}", QUEUE.with_current(|queue| queue.clone()));
    let panic = catch_unwind(|| QUEUE.try_with_current(|queue| queue[9].clear()));
    println!("{}", panic.is_err());
    QUEUE.with_current(|queue| queue.push("more".into()));
    println!("{:?}", QUEUE.with_current(|queue| queue.clone()));
}
