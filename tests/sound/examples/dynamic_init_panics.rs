//! Rule 22: a panic, and a variable of its own, in what makes the values: each value is dropped once, and the space of
//! both is free again.
//!
//! must print: 2 made 2 dropped
//! must print: 1000 rounds, 0 live
#![forbid(unsafe_code)]

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use percpu_hv::DynPerCpu;
use percpu_hv::kind::Exclusive;

static MADE: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Owner(Box<[u8; 200]>);

impl Owner {
    fn new() -> Self {
        MADE.fetch_add(1, Relaxed);
        Self(Box::new([7; 200]))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        assert_eq!(self.0[199], 7);
        DROPPED.fetch_add(1, Relaxed);
    }
}

fn panics() {
    let made = catch_unwind(|| {
        DynPerCpu::<[Option<Owner>; 64], Exclusive>::new_with(|cpu| {
            let inner: DynPerCpu<[u64; 100], Exclusive> = DynPerCpu::new([3; 100]).unwrap();
            inner.with_current(|inner| assert_eq!(inner[99], 3));
            assert!(cpu.index() < 2, "a value that is not made");
            std::array::from_fn(|index| (index == 63).then(Owner::new))
        })
    });
    assert!(made.is_err());
}

fn main() {
    percpu_hv::init_hosted(4).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    panics();
    println!(
        "{} made {} dropped",
        MADE.load(Relaxed),
        DROPPED.load(Relaxed)
    );
    // More often than there is space.
    (1..1000).for_each(|_| panics());
    println!(
        "1000 rounds, {} live",
        MADE.load(Relaxed) - DROPPED.load(Relaxed)
    );
}
