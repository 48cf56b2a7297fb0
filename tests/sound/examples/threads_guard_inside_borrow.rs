//! Defect 43, rule 13: a guard that ends inside of a borrow, or a borrow inside of a guard, lets nobody in.
//!
//! must print: 0 in between
//! must print: 0 in between
//! must print: 0 in between
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static QUEUE: Vec<u64> = Vec::new();
#[def_percpu]
static OTHER: Vec<u64> = Vec::new();

static ENTERED: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicBool = AtomicBool::new(false);

/// How often the other thread enters while this one has the CPU.
fn in_between() -> u64 {
    let before = ENTERED.load(SeqCst);
    thread::sleep(Duration::from_millis(20));
    ENTERED.load(SeqCst) - before
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    let other = thread::spawn(|| {
        percpu_hv::init_percpu_reg(0);
        while !DONE.load(SeqCst) {
            QUEUE.with_current(|queue| queue.push(ENTERED.fetch_add(1, SeqCst)));
            thread::yield_now();
        }
    });
    while ENTERED.load(SeqCst) == 0 {
        thread::yield_now();
    }
    QUEUE.with_current(|_| {
        drop(IrqOff::new());
        OTHER.with_current(|_| ());
        println!("{} in between", in_between());
    });
    {
        let _irq = IrqOff::new();
        QUEUE.with_current(|_| IrqOff::scoped(|_| ()));
        let _ = QUEUE.try_with_current(|_| QUEUE.try_with_current(|_| ()).is_err());
        println!("{} in between", in_between());
    }
    {
        let (first, _second) = (IrqOff::new(), IrqOff::new());
        drop(first);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            QUEUE.with_current(|_| panic!("inside of guard and borrow"))
        }));
        assert!(panic.is_err());
        println!("{} in between", in_between());
    }
    DONE.store(true, SeqCst);
    other.join().unwrap();
}
