//! Rule 22: a place, or a kind, of a program's own.
//!
//! must not compile: has no field named `displacement`
//! must not compile: requires an `unsafe impl` declaration
//! must not compile: field `place` of struct `PerCpu` is private
//! must not compile: no method named `clone` found
//! must not compile: doesn't implement `Debug`
#![forbid(unsafe_code)]

use percpu_hv::kind::{AtRunTime, Exclusive, Value};
use percpu_hv::{DynPerCpu, Dynamic, PerCpu};

struct Mine(u64);

impl AtRunTime<Mine> for Value {
    //~^
    const BESIDE: percpu_hv::kind::Beside = percpu_hv::kind::Beside::Nothing;
}

fn main() {
    let _ = Dynamic::<u64, Value> {
        displacement: 0x1000, //~
    };
    let value: DynPerCpu<u64> = DynPerCpu::new(1).unwrap();
    let _ = value.clone(); //~
    let _ = (value.place, value); //~
    let secret: DynPerCpu<String, Exclusive> = DynPerCpu::new(String::new()).unwrap();
    println!("{secret:?}"); //~
}
