//! If an exclusive variable had shared references, `with_current` would make them dangle.

use std::cell::RefCell;

use percpu_hv::{CpuId, CpuPin, IrqOff, PerCpuCounter, PerCpuOnce, def_percpu};

#[def_percpu]
static NAMES: Vec<String> = Vec::new();
#[def_percpu(exclusive)]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());
#[def_percpu(exclusive)]
static PAGES: PerCpuCounter<32> = PerCpuCounter::new();
#[def_percpu(exclusive)]
static NAME: PerCpuOnce<String> = PerCpuOnce::new();

fn main() {
    let pin = CpuPin::new();
    let irq = IrqOff::new();
    let cpu = CpuId::new(0).unwrap();

    let _names = NAMES.get(&pin);
    let _names = NAMES.on(cpu);
    let _all = NAMES.iter();
    let _count = NAMES.fold(0, |count, names| count + names.len());
    let _names = NAMES.get_local(&irq);

    let _queue = QUEUE.get_local(&irq);
    let _queue = QUEUE.borrow(&irq);
    let _queue = QUEUE.borrow_mut(&irq);
    let _queue = QUEUE.try_borrow(&irq);
    let _queue = QUEUE.try_borrow_mut(&irq);

    PAGES.add(1);
    PAGES.sub(1);
    let _pages = PAGES.approximate();
    let _pages: i64 = PAGES.sum();
    // SAFETY: rules 2 and 6, none of it runs.
    unsafe { PAGES.retire(cpu) };

    NAME.get(&pin).get_or_init(String::new);
}
