//! Rule 22: values that belong to one context, in a variable that any thread may use and drop.
//!
//! must not compile: cannot be made at run time
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::MutexGuard;

use percpu_hv::kind::{Elements, Exclusive, Shared, Value};
use percpu_hv::{CpuPin, DynPerCpu, IrqOff, PerCpuOnce};

fn main() {
    let _ = DynPerCpu::<Rc<u8>, Exclusive>::new(Rc::new(1)); //~
    let _ = DynPerCpu::<RefCell<Rc<u8>>, Shared>::new_with(|_| RefCell::new(Rc::new(1))); //~
    let _ = DynPerCpu::<PerCpuOnce<Rc<u8>>, Shared>::new_with(|_| PerCpuOnce::new()); //~
    let _ = DynPerCpu::<Cell<*mut u8>, Shared>::new_with(|_| Cell::new(std::ptr::null_mut())); //~
    let _ = DynPerCpu::<*mut u8, Value>::new(std::ptr::null_mut()); //~
    let _ = DynPerCpu::<[*mut u8; 2], Elements>::new([std::ptr::null_mut(); 2]); //~
    let _ = DynPerCpu::<CpuPin, Exclusive>::new_with(|_| CpuPin::new()); //~
    let _ = DynPerCpu::<IrqOff, Exclusive>::new_with(|_| IrqOff::new()); //~
    let _ = DynPerCpu::<Option<MutexGuard<'static, u8>>, Exclusive>::new_with(|_| None); //~
    let _ = DynPerCpu::<&Cell<u8>, Value>::new(&Cell::new(1)); //~
}
