//! Rule 13: references and borrows that live when interrupts are on again.
//!
//! must not compile: cannot move out of `irq` because it is borrowed
#![forbid(unsafe_code)]

use std::cell::{Cell, OnceCell, Ref, RefCell, RefMut};

use percpu_hv::{CpuPin, IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static REFCELL: RefCell<Vec<u64>> = RefCell::new(Vec::new());
#[def_percpu]
static ONCE: OnceCell<String> = OnceCell::new();

fn cell() {
    let irq = IrqOff::new();
    let cell = CELL.get_local(&irq);
    drop(irq); //~
    cell.set(1);
}

fn borrow() {
    let irq = IrqOff::new();
    let borrow = REFCELL.borrow(&irq);
    drop(irq); //~
    println!("{}", borrow.len());
}

fn borrow_mut() {
    let irq = IrqOff::new();
    let mut borrow = REFCELL.try_borrow_mut(&irq).unwrap();
    drop(irq); //~
    borrow.push(1);
}

fn mapped() {
    let irq = IrqOff::new();
    let first = Ref::map(REFCELL.borrow(&irq), |vector| &vector[0]);
    drop(irq); //~
    println!("{first}");
}

fn mapped_mut() {
    let irq = IrqOff::new();
    let mut first = RefMut::map(REFCELL.borrow_mut(&irq), |vector| &mut vector[0]);
    drop(irq); //~
    *first = 1;
}

fn once() {
    let irq = IrqOff::new();
    let value = ONCE.get_local(&irq).get_or_init(String::new);
    drop(irq); //~
    println!("{value}");
}

fn pin_of_it() {
    let irq = IrqOff::new();
    let pin: &CpuPin = &irq;
    drop(irq); //~
    println!("{pin:?}");
}

fn main() {
    cell();
    borrow();
    borrow_mut();
    mapped();
    mapped_mut();
    once();
    pin_of_it();
}
