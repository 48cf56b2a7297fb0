//! Rule 16: a generic function asks for what the kind of its argument does not have.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use percpu_hv::kind::{Borrows, References};
use percpu_hv::{CpuPin, PerCpu, def_percpu};

#[def_percpu]
static VALUE: u64 = 0;
#[def_percpu]
static EXCLUSIVE: Vec<u64> = Vec::new();
#[def_percpu]
static SHARED: AtomicU64 = AtomicU64::new(0);

fn reference<S: percpu_hv::Place<T, Kind: References<T>>, T>(variable: &PerCpu<S, T>) {
    let _ = variable.get(&CpuPin::new());
}

fn borrow<S: percpu_hv::Place<T, Kind: Borrows<T>>, T>(variable: &PerCpu<S, T>) {
    variable.with_current(|_| ());
}

fn main() {
    reference(&VALUE); //~
    reference(&EXCLUSIVE); //~
    borrow(&SHARED); //~
}
