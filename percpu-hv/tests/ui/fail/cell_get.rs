//! Without `T: Sync`, a handler could change the `Cell` between this context's read and write.

use std::cell::Cell;

#[percpu_hv::def_percpu]
static STATE: Cell<u8> = Cell::new(0);

fn main() {
    let pin = percpu_hv::CpuPin::new();
    let state = STATE.get(&pin);
    state.set(state.get() + 1);
}
