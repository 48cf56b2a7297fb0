//! Guards go down a call stack by reference, and what they give lives as long.

use std::cell::{Cell, RefCell, RefMut};
use std::sync::atomic::{AtomicU64, Ordering};

use percpu_hv::{CpuPin, IrqOff, def_percpu};

#[def_percpu]
static EXITS: AtomicU64 = AtomicU64::new(0);
#[def_percpu]
static PENDING: Cell<u64> = Cell::new(0);
#[def_percpu]
static QUEUE: RefCell<Vec<u64>> = RefCell::new(Vec::new());
/// `Sync` and not `Send`: it is reached, and never taken out.
#[def_percpu(shared)]
static HELD: Option<std::sync::MutexGuard<'static, u8>> = None;

fn exits(pin: &CpuPin) -> &AtomicU64 {
    EXITS.get(pin)
}

fn queue(irq: &IrqOff) -> RefMut<'_, Vec<u64>> {
    QUEUE.borrow_mut(irq)
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let irq = IrqOff::new();
    // An `IrqOff` is a pin.
    exits(&irq).fetch_add(1, Ordering::Relaxed);
    queue(&irq).push(1);
    {
        let inner = IrqOff::new();
        queue(&inner).push(2);
    }
    let pending = PENDING.get_local(&irq);
    pending.set(3);
    assert!(HELD.get(&irq).is_none());
    drop(irq);

    let pin = CpuPin::new();
    let exits = exits(&pin);
    std::thread::scope(|scope| {
        // What is `Sync` may be shared while the guard stays here.
        scope.spawn(|| exits.fetch_add(1, Ordering::Relaxed));
    });
    assert_eq!(exits.load(Ordering::Relaxed), 2);
}
