//! Without `T: Sync`, this CPU would write the `Cell` while its own CPU writes it.

use std::cell::Cell;

use percpu_hv::CpuId;

#[percpu_hv::def_percpu]
static STATE: Cell<u8> = Cell::new(0);

fn main() {
    for cpu in CpuId::all() {
        STATE.on(cpu).set(1);
    }
}
