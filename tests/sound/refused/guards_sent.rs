//! Rule 7: a guard, or a reference to one, on another thread.
//!
//! must not compile: cannot be sent between threads safely
//! must not compile: cannot be shared between threads safely
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex};
use std::thread;

use percpu_hv::{CpuPin, IrqOff};

fn irq_by_reference() {
    let irq = IrqOff::new();
    thread::scope(|scope| {
        scope.spawn(|| println!("{irq:?}")); //~
    });
}

fn pin_by_reference() {
    let pin = CpuPin::new();
    thread::scope(|scope| {
        scope.spawn(|| println!("{pin:?}")); //~
    });
}

fn pin_of_a_guard() {
    let irq = IrqOff::new();
    let pin: &CpuPin = &irq;
    thread::scope(|scope| {
        scope.spawn(move || println!("{pin:?}")); //~
    });
}

fn boxed() {
    let boxed = Box::new(IrqOff::new());
    thread::spawn(move || drop(boxed)); //~
}

fn in_a_mutex() {
    let shared = Arc::new(Mutex::new(Some(CpuPin::new())));
    thread::spawn(move || drop(shared)); //~
}

fn returned() {
    drop(thread::spawn(IrqOff::new).join()); //~
}

fn thrown() {
    std::panic::panic_any(IrqOff::new()); //~
}

fn main() {
    irq_by_reference();
    pin_by_reference();
    pin_of_a_guard();
    boxed();
    in_a_mutex();
    returned();
    thrown();
}
