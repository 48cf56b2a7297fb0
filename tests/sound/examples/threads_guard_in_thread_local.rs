//! Rule 13: guards that thread-locals, closures and the heap hold until their thread ends.
//!
//! must print: 3 turns
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::thread;

use percpu_hv::{IrqOff, def_percpu};

#[def_percpu]
static TURNS: Cell<u64> = Cell::new(0);

thread_local! {
    static GUARD: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
    static FIRST: Last = const { Last };
    static SECOND: RefCell<Vec<IrqOff>> = const { RefCell::new(Vec::new()) };
}

/// Takes its own turn while the thread ends.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        IrqOff::scoped(|irq| TURNS.get_local(irq).set(TURNS.get_local(irq).get()));
    }
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    let threads = [0, 1, 2].map(|_| {
        thread::spawn(|| {
            percpu_hv::init_percpu_reg(0);
            FIRST.with(|_| ());
            let irq = IrqOff::new();
            let turns = TURNS.get_local(&irq);
            let before = turns.get();
            SECOND.with_borrow_mut(|guards| guards.push(IrqOff::new()));
            thread::yield_now();
            turns.set(before + 1);
            GUARD.set(Some(Box::new(move || drop(irq))));
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    percpu_hv::init_percpu_reg(0);
    println!("{} turns", TURNS.get_local(&IrqOff::new()).get());
}
