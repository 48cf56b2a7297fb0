//! Rule 22: references to a variable made at run time that are kept where the variable may be gone.
//!
//! must not compile: borrowed data escapes outside of function
//! must not compile: cannot return value referencing local variable `shared`
//! must not compile: lifetime may not live long enough
#![forbid(unsafe_code)]

use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use percpu_hv::kind::{Exclusive, Shared};
use percpu_hv::{CpuId, CpuPin, DynPerCpu};

static KEPT: Mutex<Vec<&'static AtomicU32>> = Mutex::new(Vec::new());

fn stored(shared: &DynPerCpu<AtomicU32, Shared>, cpu: CpuId) {
    KEPT.lock().unwrap().push(shared.on(cpu)); //~
}

fn returned(cpu: CpuId) -> &'static AtomicU32 {
    let shared: DynPerCpu<AtomicU32, Shared> = DynPerCpu::new_with(|_| AtomicU32::new(0)).unwrap();
    shared.on(cpu) //~
}

fn longer_than_the_guard<'a>(
    shared: &'a DynPerCpu<AtomicU32, Shared>,
    pin: &CpuPin,
) -> &'a AtomicU32 {
    shared.get(pin) //~
}

fn out_of_the_borrow<'a>(list: &'a DynPerCpu<Vec<u8>, Exclusive>) -> &'a mut Vec<u8> {
    list.with_current(|list| list) //~
}

fn main() {}
