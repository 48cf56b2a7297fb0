//! Rule 15: an initializer that panics leaves an empty cell.
//!
//! must print: true None
//! must print: second 1 drop
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::{CpuPin, PerCpuOnce, def_percpu};

static DROPS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
struct Counted(String);

impl Drop for Counted {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Relaxed);
    }
}

#[def_percpu]
static NAME: PerCpuOnce<Counted> = PerCpuOnce::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    let pin = CpuPin::new();
    let cell = NAME.get(&pin);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        cell.get_or_init(|| {
            let _first = Counted("first".into());
            panic!("in the middle");
        });
    }));
    println!("{} {:?}", panic.is_err(), cell.get());
    let second = cell.get_or_init(|| Counted("second".into()));
    println!("{} {} drop", second.0, DROPS.load(Relaxed));
}
