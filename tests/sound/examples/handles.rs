//! Rule 16: handles that are handed around keep the kind of their variable.
//!
//! must print: 3 2 5
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use percpu_hv::kind::{Borrows, References};
use percpu_hv::{CpuPin, PerCpu, def_percpu};

#[def_percpu]
static VALUE: u64 = 2;
#[def_percpu]
static EXCLUSIVE: Vec<u64> = Vec::new();
#[def_percpu]
static SHARED: AtomicU64 = AtomicU64::new(0);

fn borrow<S, T>(variable: &'static PerCpu<S, T>, f: impl FnOnce(&mut T))
where
    S: percpu_hv::Place<T, Kind: Borrows<T>>,
{
    let handle: &'static PerCpu<S, T> = variable;
    handle.with_current(f);
}

fn reference<S, T>(variable: &PerCpu<S, T>, f: impl FnOnce(&T))
where
    S: percpu_hv::Place<T, Kind: References<T>>,
{
    f(variable.get(&CpuPin::new()));
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    borrow(&VALUE, |value| *value += 1);
    borrow(&EXCLUSIVE, |queue| queue.extend([1, 2]));
    reference(&SHARED, |shared| shared.store(5, Relaxed));
    println!(
        "{} {} {}",
        VALUE.read_current(),
        EXCLUSIVE.with_current(|queue| queue.len()),
        SHARED.get(&CpuPin::new()).load(Relaxed)
    );
}
