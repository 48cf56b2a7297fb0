//! Defect 33, rule 5: borrows that fail must not end the one that is there.
//!
//! must print: 2 refused
//! must print: 1 value
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

#[percpu_hv::def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    QUEUE.with_current(|queue| {
        queue.push(1);
        let mut refused = 0;
        for _ in 0..2 {
            let tried = QUEUE.try_with_current(|queue| queue.clear());
            let text = tried.unwrap_err().to_string();
            assert!(
                text.starts_with("the per-CPU variable `QUEUE` is borrowed"),
                "{text}"
            );
            let nested = catch_unwind(AssertUnwindSafe(|| QUEUE.with_current(Vec::clear)));
            let reset = catch_unwind(AssertUnwindSafe(|| QUEUE.reset_to_init()));
            refused += usize::from(nested.is_err() && reset.is_err());
        }
        println!("{refused} refused");
    });
    let length = QUEUE.try_with_current(|queue| queue.len()).unwrap();
    println!("{length} value");
}
