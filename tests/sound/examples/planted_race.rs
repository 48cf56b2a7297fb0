//! Rule 5: what ThreadSanitizer has to see: threads that run as one CPU borrow without taking turns.
//!
//! must be found by ThreadSanitizer: data race

use std::thread;

#[percpu_hv::def_percpu]
static COUNT: u64 = 0;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                percpu_hv::init_percpu_reg(0);
                for _ in 0..1000 {
                    // SAFETY: none: rule 5 is broken, as both threads do this.
                    unsafe { COUNT.with_current_unchecked(|count| *count += 1) };
                    thread::yield_now();
                }
            });
        }
    });
    println!("{}", COUNT.sum::<u64>());
}
