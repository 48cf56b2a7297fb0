//! Rule 21: counters beyond a variable's own, by the index of another array. No such place is ever made, but `retire`
//! moves the counters of each place whose sum is compiled: here a text's address.
//!
//! must not compile: no `Element` in `__priv`
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::hint::black_box;

use percpu_hv::__priv::Element; //~
use percpu_hv::{Elements, PerCpu, PerCpuCounter, Place, def_percpu, kind};

#[derive(Elements)]
#[repr(C)]
struct Both {
    counter: PerCpuCounter,
    text: Cell<&'static str>,
}

impl percpu_hv::Shared for Both {}

#[def_percpu]
static BOTH: Both = Both {
    counter: PerCpuCounter::new(),
    text: Cell::new("text"),
};
#[def_percpu]
static MANY: [PerCpuCounter; 2] = [const { PerCpuCounter::new() }; 2];

fn sum<P: Place<PerCpuCounter, Kind = kind::Shared>>(counter: &PerCpu<P, PerCpuCounter>) -> i64 {
    counter.sum()
}

fn compile<P, Q, U>(_: &PerCpu<P, PerCpuCounter>, _: &PerCpu<Element<Q, U>, PerCpuCounter>)
where
    Element<P, U>: Place<PerCpuCounter, Kind = kind::Shared>,
{
    let never_called: fn(&PerCpu<Element<P, U>, PerCpuCounter>) -> i64 = sum;
    black_box(never_called);
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::bring_up(0).unwrap();
    compile(&BOTH.fields().counter, &MANY.at(0));
    percpu_hv::retire();
    println!("{}", BOTH.get_local(&percpu_hv::IrqOff::new()).text.get());
}
