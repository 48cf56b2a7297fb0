//! If loads and stores reached a shared variable, they would change memory behind a reference.

use std::sync::atomic::AtomicU64;

use percpu_hv::{CpuId, CpuPin, def_percpu};

#[def_percpu]
static EXITS: AtomicU64 = AtomicU64::new(0);
#[def_percpu(shared)]
static ID: u64 = 0;

fn main() {
    let pin = CpuPin::new();
    let cpu = CpuId::new(0).unwrap();

    let _id = ID.read_current();
    ID.write_current(1);
    let _id = ID.read(&pin);
    ID.write(&pin, 1);
    let _id = ID.swap_current(1);
    let _id = ID.swap_current_unprotected(1);
    let _id = ID.compare_exchange_current(0, 1);
    let _id = ID.read_remote(cpu);
    let _ids = ID.values();
    // SAFETY: rules 2 and 6, none of it runs.
    let _id = unsafe { ID.read_current_raw() };
    unsafe { ID.write_current_raw(1) };
    ID.add_current(1);
    let _id = ID.fetch_sub_current(1);
    ID.sub_current_unprotected(1);
    let _id = ID.fetch_add_current_unprotected(1);
    ID.inc_current();
    ID.dec_current_unprotected();
    ID.or_current(1);
    let _id = ID.fetch_xor_current(1);
    ID.and_current_unprotected(1);
    let _id = ID.fetch_or_current_unprotected(1);
    let _sum: u64 = ID.sum();

    let _exits = EXITS.read_current();
    EXITS.write_current(AtomicU64::new(1));
    EXITS.add_current(AtomicU64::new(1));
    EXITS.or_current(AtomicU64::new(1));
}
