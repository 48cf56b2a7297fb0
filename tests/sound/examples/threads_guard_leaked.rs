//! Rule 13: a guard that is leaked keeps its CPU, and what it gives stays on its thread.
//!
//! must print: 5
//! must print: waits
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let irq: &'static IrqOff = Box::leak(Box::new(IrqOff::new()));
    let cell: &'static Cell<u64> = CELL.get_local(irq);
    cell.set(5);
    println!("{}", cell.get());
    let (entered, has_entered) = mpsc::channel();
    thread::spawn(move || {
        percpu_hv::init_percpu_reg(0);
        CELL.get_local(&IrqOff::new()).set(6);
        entered.send(()).unwrap();
    });
    let waits = has_entered
        .recv_timeout(Duration::from_millis(100))
        .is_err();
    println!(
        "{}",
        if waits && cell.get() == 5 {
            "waits"
        } else {
            "entered"
        }
    );
    std::process::exit(0);
}
