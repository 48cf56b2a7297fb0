//! Defect 07, rule 7: a `MutexGuard`, `Sync` but not `Send`, that another thread would unlock.
//!
//! must not compile: only a `Shared` one of a type that is `Sync` does
//! must not compile: only a `Shared` one of a type that is `Send` does
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard};

use percpu_hv::{CpuPin, IrqOff, PerCpuOnce, def_percpu};

static MUTEX: Mutex<u64> = Mutex::new(0);

#[def_percpu]
static ONCE: PerCpuOnce<MutexGuard<'static, u64>> = PerCpuOnce::new();
#[def_percpu]
static REFCELL: RefCell<Option<MutexGuard<'static, u64>>> = RefCell::new(None);
#[def_percpu]
static EXCLUSIVE: Option<MutexGuard<'static, u64>> = None;

fn main() {
    let _ = ONCE.get(&CpuPin::new()).set(MUTEX.lock().unwrap()); //~
    let _ = ONCE.get_local(&IrqOff::new()).set(MUTEX.lock().unwrap()); //~
    *REFCELL.borrow_mut(&IrqOff::new()) = Some(MUTEX.lock().unwrap()); //~
    EXCLUSIVE.with_current(|guard| *guard = Some(MUTEX.lock().unwrap())); //~
}
