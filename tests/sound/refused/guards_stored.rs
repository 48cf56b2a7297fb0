//! Rule 7: a guard that stays in a variable or a static, where another context drops it.
//!
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
//! must not compile: only a `Shared` one of a type that is `Send` does
//! must not compile: cannot be sent between threads safely
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::sync::Mutex;

use percpu_hv::{CpuPin, IrqOff, def_percpu};

static MUTEX: Mutex<Option<IrqOff>> = Mutex::new(None); //~

#[def_percpu]
static GUARD: Option<IrqOff> = None;
#[def_percpu]
static PIN: Option<CpuPin> = None;
#[def_percpu]
static CELL: Cell<Option<IrqOff>> = Cell::new(None);
#[def_percpu]
static REFCELL: RefCell<Vec<CpuPin>> = RefCell::new(Vec::new());

fn main() {
    GUARD.with_current(|guard| *guard = Some(IrqOff::new())); //~
    PIN.with_current(|pin| *pin = Some(CpuPin::new())); //~
    CELL.get_local(&IrqOff::new()).set(Some(IrqOff::new())); //~
    REFCELL.borrow_mut(&IrqOff::new()).push(CpuPin::new()); //~
}
