//! Defect 07, rules 7 and 16: an `Rc` in what is shared, which another thread, as the same CPU, reaches.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Shared` one of a type that is `Send` does
#![forbid(unsafe_code)]

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::{Mutex, OnceLock};

use percpu_hv::{CpuId, CpuPin, IrqOff, PerCpuOnce, def_percpu};

#[def_percpu]
static CELL: Cell<Option<Rc<u64>>> = Cell::new(None);
#[def_percpu]
static REFCELL: RefCell<Option<Rc<u64>>> = RefCell::new(None);
#[def_percpu]
static ONCE: PerCpuOnce<Rc<u64>> = PerCpuOnce::new();
#[def_percpu]
static ONCE_CELL: OnceCell<Rc<u64>> = OnceCell::new();
#[def_percpu(shared)]
static MUTEX: Mutex<Option<Rc<u64>>> = Mutex::new(None);
#[def_percpu(shared)]
static ONCE_LOCK: OnceLock<Rc<u64>> = OnceLock::new();
#[def_percpu(shared)]
static PLAIN: Option<Rc<u64>> = None;

fn main() {
    let (pin, irq, cpu) = (CpuPin::new(), IrqOff::new(), CpuId::new(0).unwrap());
    CELL.get_local(&irq).set(Some(Rc::new(1))); //~
    *REFCELL.borrow_mut(&irq) = Some(Rc::new(1)); //~
    let _ = ONCE.get(&pin).set(Rc::new(1)); //~
    let _ = ONCE.get_local(&irq).set(Rc::new(1)); //~
    let _ = ONCE_CELL.get_local(&irq).set(Rc::new(1)); //~
    let _ = MUTEX.get(&pin); //~
    let _ = MUTEX.get_local(&irq); //~
    let _ = ONCE_LOCK.on(cpu).set(Rc::new(1)); //~
    let _ = PLAIN.get(&pin); //~
    let _ = PLAIN.get_local(&irq); //~
}
