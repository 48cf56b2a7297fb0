//! Rule 22: accessors that the kind of a variable made at run time does not have.
//!
//! must not compile: gives safe code no `&mut
//! must not compile: gives no `&
//! must not compile: is not loaded and stored as a whole
//! must not compile: has no parts
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::AtomicU32;

use percpu_hv::kind::{Elements, Exclusive, Shared};
use percpu_hv::{CpuId, CpuPin, DynPerCpu, IrqOff};

fn value(value: &DynPerCpu<u64>, pin: &CpuPin, cpu: CpuId) {
    value.get(pin); //~
    value.on(cpu); //~
}

fn shared(shared: &DynPerCpu<AtomicU32, Shared>) {
    shared.with_current(|_| ()); //~
}

fn shared_scalar(shared: &DynPerCpu<u64, Shared>) {
    shared.write_current(1); //~
    shared.with_current(|_| ()); //~
}

fn shared_cell(cell: &DynPerCpu<Cell<u64>, Shared>, pin: &CpuPin, cpu: CpuId) {
    cell.get(pin); //~
    cell.on(cpu); //~
    cell.iter(); //~
}

fn exclusive(list: &DynPerCpu<[u64; 4], Exclusive>, irq: &IrqOff, cpu: CpuId) {
    list.get_local(irq); //~
    list.on(cpu); //~
    list.read_remote(cpu); //~
    list.at(0); //~
}

fn elements(array: &DynPerCpu<[u64; 4], Elements>, irq: &IrqOff) {
    array.with_current(|_| ()); //~
    array.get_local(irq); //~
    array.at(0).get_local(irq); //~
    array.read_current(); //~
}

fn main() {}
