//! Rule 15: an initializer that fills, reads and empties its own cell.
//!
//! must print: None Err("set") true
//! must print: made made
//! must print: Err("late")
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use percpu_hv::{CpuPin, PerCpuOnce, def_percpu};

#[def_percpu]
static NAME: PerCpuOnce<String> = PerCpuOnce::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    std::panic::set_hook(Box::new(|_| ()));
    let pin = CpuPin::new();
    let cell = NAME.get(&pin);
    let first = cell.get_or_init(|| {
        let inner = catch_unwind(AssertUnwindSafe(|| {
            cell.get_or_init(|| "inner".into()).clone()
        }));
        println!(
            "{:?} {:?} {}",
            cell.get(),
            cell.set("set".into()),
            inner.is_err()
        );
        "made".into()
    });
    println!("{first} {}", cell.get().unwrap());
    println!("{:?}", cell.set("late".into()));
}
