//! If loads and stores reached an exclusive variable, they would race with a borrow, and a handler
//! could see half of a pair written.

use percpu_hv::{CpuId, CpuPin, def_percpu};

#[def_percpu]
static PAIR: (u64, u64) = (0, 0);
#[def_percpu(exclusive)]
static EXITS: u64 = 0;
#[def_percpu]
static NAME: String = String::new();

fn main() {
    let pin = CpuPin::new();
    let cpu = CpuId::new(0).unwrap();

    let _pair = PAIR.read_current();
    PAIR.write_current((1, 1));
    let _pair = PAIR.read(&pin);
    PAIR.write(&pin, (1, 1));
    let _pair = PAIR.swap_current((1, 1));
    let _pair = PAIR.swap_current_unprotected((1, 1));
    let _pair = PAIR.compare_exchange_current((0, 0), (1, 1));
    let _pair = PAIR.read_remote(cpu);
    let _pairs = PAIR.values();
    // SAFETY: rules 2 and 6, none of it runs.
    let _pair = unsafe { PAIR.read_current_raw() };
    unsafe { PAIR.write_current_raw((1, 1)) };

    let _exits = EXITS.read_current();
    EXITS.write_current(1);
    EXITS.add_current(1);
    let _exits = EXITS.fetch_sub_current(1);
    EXITS.sub_current_unprotected(1);
    let _exits = EXITS.fetch_add_current_unprotected(1);
    EXITS.inc_current();
    EXITS.dec_current_unprotected();
    EXITS.or_current(1);
    let _exits = EXITS.fetch_xor_current(1);
    EXITS.and_current_unprotected(1);
    let _exits = EXITS.fetch_or_current_unprotected(1);
    let _sum: u64 = EXITS.sum();

    let _name = NAME.read_current();
}
