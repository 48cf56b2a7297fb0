//! Defect 33, rule 5: what `f` got is stored outside.
//!
//! must not compile: borrowed data escapes outside of closure
#![forbid(unsafe_code)]

use std::thread;

use percpu_hv::def_percpu;

#[def_percpu]
static QUEUE: Vec<String> = Vec::new();

fn main() {
    let mut kept: Vec<&mut String> = Vec::new();
    QUEUE.with_current(|queue| kept.extend(queue.iter_mut())); //~
    QUEUE.with_current(|queue| {
        thread::spawn(move || queue.clear()); //~
    });
    println!("{}", kept.len());
}
