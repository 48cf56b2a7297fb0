//! Without `T: Sync`: this CPU writes the `Cell` while its own CPU does.

use std::cell::Cell;

use percpu_hv::CpuId;

#[percpu_hv::def_percpu]
static STATE: Cell<u8> = Cell::new(0);

fn main() {
    for cpu in CpuId::all() {
        STATE.on(cpu).set(1);
    }
}
