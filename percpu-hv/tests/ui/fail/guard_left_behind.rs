//! If guards were `Send`, one that is left in a variable or a lock would end in another context.

use std::sync::Mutex;

use percpu_hv::{CpuPin, IrqOff};

#[percpu_hv::def_percpu]
static PINNED: Option<CpuPin> = None;
static MASKED: Mutex<Option<IrqOff>> = Mutex::new(None);

fn main() {
    PINNED.with_current(|pinned| *pinned = Some(CpuPin::new()));
    *MASKED.lock().unwrap() = Some(IrqOff::new());
}
