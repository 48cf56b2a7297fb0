//! Defect 33, rules 2 and 5: a thread becomes another CPU inside of a borrow, and comes back.
//!
//! must print: 1: entered
//! must print: 0: refused
//! must print: 0: entered
//! must print: ["zero"] ["one"]
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static QUEUE: Vec<&str> = Vec::new();

fn attempt(cpu: usize) {
    percpu_hv::init_percpu_reg(cpu);
    let tried = QUEUE.try_with_current(|queue| queue.push(["zero", "one"][cpu]));
    println!(
        "{cpu}: {}",
        if tried.is_ok() { "entered" } else { "refused" }
    );
}

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE.with_current(|_| {
        attempt(1);
        attempt(0);
        // The borrow of CPU 0 ends while the thread is CPU 1.
        percpu_hv::init_percpu_reg(1);
    });
    attempt(0);
    let zero = QUEUE.with_current(|queue| queue.clone());
    percpu_hv::init_percpu_reg(1);
    println!("{zero:?} {:?}", QUEUE.with_current(|queue| queue.clone()));
}
