//! If `get_local` gave `&'static T`: a handler changes the `Cell` under this context.

use std::cell::Cell;

#[percpu_hv::def_percpu]
static STATE: Cell<u8> = Cell::new(0);

fn main() {
    let irq = percpu_hv::IrqOff::new();
    let state = STATE.get_local(&irq);
    drop(irq);
    state.set(1);
}
