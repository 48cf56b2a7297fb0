//! Rule 22: what a variable made at run time gives is used after its drop.
//!
//! must not compile: because it is borrowed
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::kind::{Elements, Exclusive, Shared};
use percpu_hv::{CpuId, CpuPin, DynPerCpu, IrqOff, PerCpuCounter, PerCpuOnce};

fn by_pin(shared: DynPerCpu<AtomicU32, Shared>, pin: &'static CpuPin) {
    let reference = shared.get(pin);
    drop(shared); //~
    reference.store(1, Relaxed);
}

fn by_id(shared: DynPerCpu<AtomicU32, Shared>, cpu: CpuId) {
    let reference = shared.on(cpu);
    drop(shared); //~
    reference.store(1, Relaxed);
}

fn by_fold(shared: DynPerCpu<AtomicU32, Shared>) {
    let last = shared
        .iter()
        .map(|(_, reference)| reference)
        .last()
        .unwrap();
    drop(shared); //~
    last.store(1, Relaxed);
}

fn borrow(cell: DynPerCpu<RefCell<Vec<u8>>, Shared>, irq: &'static IrqOff) {
    let mut borrow = cell.borrow_mut(irq);
    drop(cell); //~
    borrow.push(1);
}

fn lazy(once: DynPerCpu<PerCpuOnce<String>, Shared>, pin: &'static CpuPin) {
    let text = once.get(pin).get_or_init(String::new);
    drop(once); //~
    println!("{text}");
}

fn values(value: DynPerCpu<u64>) {
    let values = value.values();
    drop(value); //~
    println!("{}", values.count());
}

fn element(array: DynPerCpu<[u64; 4], Elements>) {
    let element = array.at(3);
    drop(array); //~
    element.inc_current();
}

fn elements(array: DynPerCpu<[u64; 4], Elements>) {
    let mut elements = array.elements();
    drop(array); //~
    elements.next().unwrap().inc_current();
}

fn element_of_a_temporary(array: &DynPerCpu<[[u64; 4]; 4], Elements>) {
    let inner = array.at(1).at(2); //~
    inner.inc_current();
}

fn part_by_reference(counters: DynPerCpu<[PerCpuCounter; 2], Shared>, cpu: CpuId) {
    let counter = counters.on(cpu);
    drop(counters); //~
    println!("{counter:?}");
}

fn inside(list: DynPerCpu<Vec<u8>, Exclusive>) {
    list.with_current(|list_inside| {
        //~^
        drop(list);
        list_inside.push(1);
    });
}

fn main() {}
