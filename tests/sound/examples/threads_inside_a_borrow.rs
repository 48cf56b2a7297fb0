//! Rule 5: `f` lends what it got to threads, which end before it does.
//!
//! must print: [1, 2]
//! must print: refused or waits
#![forbid(unsafe_code)]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[percpu_hv::def_percpu]
static QUEUE: Vec<u64> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE.with_current(|queue| {
        thread::scope(|scope| {
            scope.spawn(|| queue.extend([1, 2]));
        });
        println!("{queue:?}");
        let (entered, has_entered) = mpsc::channel();
        // Another thread of this CPU, while the borrow lasts.
        thread::spawn(move || {
            percpu_hv::init_percpu_reg(0);
            if QUEUE.try_with_current(Vec::clear).is_ok() {
                let _ = entered.send(());
            }
        });
        let entered = has_entered.recv_timeout(Duration::from_millis(100)).is_ok();
        println!(
            "{}",
            if entered {
                "entered"
            } else {
                "refused or waits"
            }
        );
        assert_eq!(*queue, [1, 2]);
    });
}
