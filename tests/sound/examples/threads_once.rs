//! Rule 15: values that one CPU makes and others read, and that several threads of a CPU ask for.
//!
//! must print: 4 whole
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use percpu_hv::{CpuId, CpuPin, PerCpuOnce, def_percpu};
use sound::on_cpus;

#[def_percpu]
static NAME: PerCpuOnce<String> = PerCpuOnce::new();

fn main() {
    percpu_hv::init_hosted(4).unwrap();
    std::panic::set_hook(Box::new(|_| ()));
    on_cpus([0, 1, 2, 3, 0, 1], |cpu| {
        let pin = CpuPin::new();
        // While one thread makes the value, another one of its CPU is told so.
        let made = || {
            NAME.get(&pin)
                .get_or_init(|| format!("the name of CPU {cpu}"))
                .clone()
        };
        while catch_unwind(AssertUnwindSafe(made)).is_err() {
            thread::yield_now();
        }
        for other in CpuId::all() {
            while NAME.on(other).get().is_none() {
                thread::yield_now();
            }
            assert_eq!(
                *NAME.on(other).get().unwrap(),
                format!("the name of CPU {other}")
            );
        }
    });
    let whole = NAME.iter().filter(|(_, name)| name.get().is_some());
    println!("{} whole", whole.count());
}
