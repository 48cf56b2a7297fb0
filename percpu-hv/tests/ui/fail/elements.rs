//! What a variable of the kind `Elements` has not: references, and operations on the whole.

use core::cell::Cell;
use percpu_hv::{CpuId, CpuPin, Elements, IrqOff, def_percpu};

#[derive(Elements)]
struct Stats {
    exits: [u64; 4],
    name: String,
}

#[def_percpu(elements)]
static EXITS: [u64; 4] = [0; 4];
#[def_percpu(elements)]
static STATS: Stats = Stats { exits: [0; 4], name: String::new() };
#[def_percpu(elements)]
static CELLS: [Cell<u8>; 2] = [const { Cell::new(0) }; 2];

fn main() {
    let cpu = CpuId::new(0).unwrap();

    EXITS.with_current(|exits| exits[0] += 1);
    let _exits: [u64; 4] = EXITS.read_current();
    let _exits = EXITS.get(&CpuPin::new());
    EXITS.at(0).with_current(|exit| *exit += 1);
    let _exit = EXITS.at(0).on(cpu);
    let _exit = EXITS.at(0).at(0);
    let _name = STATS.fields().name.read_current();
    STATS.fields().exits.reset_to_init();
    CELLS.at(0).get_local(&IrqOff::new()).set(1);
    let _fields = EXITS.fields();
}
