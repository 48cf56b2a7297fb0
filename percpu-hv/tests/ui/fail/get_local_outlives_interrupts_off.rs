//! If `get_local` returned `&'static T`, a handler could change the `Cell` during its use.

use std::cell::Cell;

#[percpu_hv::def_percpu]
static STATE: Cell<u8> = Cell::new(0);

fn main() {
    let irq = percpu_hv::IrqOff::new();
    let state = STATE.get_local(&irq);
    drop(irq);
    state.set(1);
}
