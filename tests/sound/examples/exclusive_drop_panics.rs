//! Defect 33, rule 5: a `drop` that panics while the variable is assigned or reset: each value is dropped once.
//!
//! must print: true true
//! must print: 2 drops
//! must print: 7 Some(3)
//! must print: true 3 drops
//! must print: 8 None
#![forbid(unsafe_code)]

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

#[percpu_hv::def_percpu]
static OWNER: Owner = Owner(7, None);

static DROPS: AtomicU32 = AtomicU32::new(0);

struct Owner(u32, Option<Box<u32>>);

impl Drop for Owner {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Relaxed);
        assert!(self.0 == 8, "a drop that panics");
    }
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    let assigned = catch_unwind(|| OWNER.with_current(|owner| *owner = Owner(6, None)));
    let reset = catch_unwind(|| OWNER.reset_to_init());
    println!("{} {}", assigned.is_err(), reset.is_err());
    println!("{} drops", DROPS.load(Relaxed));
    OWNER.with_current(|owner| owner.1 = Some(Box::new(3)));
    OWNER.with_current(|owner| println!("{} {:?}", owner.0, owner.1));
    let last = catch_unwind(|| OWNER.with_current(|owner| *owner = Owner(8, None)));
    println!("{} {} drops", last.is_err(), DROPS.load(Relaxed));
    OWNER.with_current(|owner| println!("{} {:?}", owner.0, owner.1));
}
