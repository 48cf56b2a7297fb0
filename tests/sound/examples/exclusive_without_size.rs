//! Defect 33, rule 5: variables without a size, which may have one address, are borrowed each by itself.
//!
//! must print: true false
//! must print: 2 drops
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::def_percpu;

static DROPS: AtomicU32 = AtomicU32::new(0);

struct Empty;

impl Drop for Empty {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Relaxed);
    }
}

#[def_percpu]
static FIRST: Empty = Empty;
#[def_percpu]
static SECOND: Empty = Empty;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    FIRST.with_current(|_| {
        let same = FIRST.try_with_current(|_| ()).is_err();
        println!("{same} {}", SECOND.try_with_current(|_| ()).is_err());
    });
    FIRST.reset_to_init();
    SECOND.with_current(|second| *second = Empty);
    println!("{} drops", DROPS.load(Relaxed));
}
