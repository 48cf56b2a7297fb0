//! Defect 33, rule 5: what `f` got outlives the borrow.
//!
//! must not compile: lifetime may not live long enough
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static QUEUE: Vec<String> = Vec::new();

fn main() {
    let whole: &'static mut Vec<String> = QUEUE.with_current(|queue| queue); //~
    let part = QUEUE.with_current(|queue| queue.first_mut()); //~
    let other = QUEUE.try_with_current(|queue| queue.iter()).unwrap(); //~
    println!("{part:?} {}", other.count());
    whole.clear();
}
