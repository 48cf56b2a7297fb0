//! If a value had references, loads and stores would change the memory behind them.

use percpu_hv::{CpuId, CpuPin, IrqOff, def_percpu};

#[def_percpu]
static EXITS: u64 = 0;

fn main() {
    let pin = CpuPin::new();
    let irq = IrqOff::new();
    let cpu = CpuId::new(0).unwrap();

    let _exits = EXITS.get(&pin);
    let _exits = EXITS.on(cpu);
    let _all = EXITS.iter();
    let _sum = EXITS.fold(0, |sum, exits| sum + exits);
    let _exits = EXITS.get_local(&irq);
}
