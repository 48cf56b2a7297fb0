//! Guards, on all CPUs at once. That interrupts stay away is for tests that have interrupts.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU32, Ordering};

use percpu_hv::{CpuPin, IrqOff, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a pin reaches this CPU's copy", pin),
    ("guards end in any order", orders),
    ("interrupts off for a call", scoped),
    ("with_current_irq_off", irq_off),
    ("a Cell while interrupts are off", cell),
    ("a RefCell tells a second borrow", ref_cell),
];

fn pin(bench: &Bench<'_>) {
    #[def_percpu]
    static SHARED: AtomicU32 = AtomicU32::new(1);
    #[def_percpu]
    static BYTE: u8 = 0xa5;
    #[def_percpu]
    static WORD: u64 = 0xa1b2_c3d4_e5f6_0718;

    bench.on_all(|cpu| {
        let pin = CpuPin::new();
        let own: *const AtomicU32 = SHARED.get(&pin);
        // SAFETY: rule 2: this CPU has its register; nothing is read.
        bench.equal(cpu, own, unsafe { SHARED.current_ptr() });
        SHARED.get(&pin).fetch_add(cpu as u32, Ordering::Relaxed);
        bench.equal(
            cpu,
            (BYTE.read(&pin), WORD.read(&pin)),
            (0xa5, 0xa1b2_c3d4_e5f6_0718),
        );
        BYTE.write(&pin, cpu as u8);
        WORD.write(&pin, !(cpu as u64));
    });
    bench.on_all(|cpu| {
        let pin = CpuPin::new();
        bench.equal(
            cpu,
            SHARED.get(&pin).load(Ordering::Relaxed),
            1 + cpu as u32,
        );
        bench.equal(
            cpu,
            (BYTE.read(&pin), WORD.read(&pin)),
            (cpu as u8, !(cpu as u64)),
        );
        bench.equal(
            cpu,
            (BYTE.read_current(), WORD.read_current()),
            (cpu as u8, !(cpu as u64)),
        );
    });
}

/// However guards end, a new one finds none before it: `COUNT` would stay behind otherwise.
fn orders(bench: &Bench<'_>) {
    #[def_percpu]
    static COUNT: Cell<u32> = Cell::new(0);

    bench.on_all(|cpu| {
        for order in [
            [0, 1, 2],
            [1, 0, 2],
            [1, 2, 0],
            [2, 1, 0],
            [2, 0, 1],
            [0, 2, 1],
        ] {
            let mut guards = [(); 3].map(|()| Some(IrqOff::new()));
            for index in order {
                if let Some(irq) = &guards[index] {
                    let count = COUNT.get_local(irq);
                    count.set(count.get() + 1);
                }
                guards[index] = None;
            }
        }
        bench.equal(cpu, COUNT.get_local(&IrqOff::new()).get(), 18);
    });
}

fn scoped(bench: &Bench<'_>) {
    #[def_percpu]
    static COUNT: Cell<usize> = Cell::new(0);

    fn add(irq: &IrqOff) -> usize {
        let count = COUNT.get_local(irq);
        count.set(count.get() + 1);
        count.get()
    }

    bench.on_all(|cpu| {
        bench.equal(cpu, IrqOff::scoped(add), 1);
        // Around a guard and another call, and inside of one.
        let guard = IrqOff::new();
        let counts = IrqOff::scoped(|irq| {
            let guard = IrqOff::new();
            [add(irq), add(&guard), IrqOff::scoped(add)]
        });
        bench.equal(cpu, counts, [2, 3, 4]);
        bench.equal(cpu, add(&guard), 5);
    });
}

fn irq_off(bench: &Bench<'_>) {
    #[def_percpu]
    static NUMBER: u32 = 1;
    #[def_percpu(hot)]
    static HOT: u16 = 1;
    #[def_percpu]
    static LIST: [u64; 3] = [1, 2, 3];

    bench.on_all(|cpu| {
        let add = |number: &mut u32| {
            *number += cpu as u32;
            *number
        };
        bench.equal(cpu, NUMBER.with_current_irq_off(add), 1 + cpu as u32);
        // Inside of a guard, and around one, of which nothing is left.
        let guard = IrqOff::new();
        bench.equal(cpu, NUMBER.with_current_irq_off(add), 1 + 2 * cpu as u32);
        drop(guard);
        HOT.with_current_irq_off(|hot| {
            let _guard = IrqOff::new();
            LIST.with_current_irq_off(|list| list[1] += u64::from(*hot));
            *hot = cpu as u16;
        });
        bench.equal(cpu, HOT.read_current(), cpu as u16);
        LIST.with_current_irq_off(|list| {
            bench.equal(cpu, *list, [1, 3, 3]);
            bench.holds(cpu, LIST.try_with_current(|_| ()).is_err());
        });
        bench.holds(cpu, LIST.try_with_current(|_| ()).is_ok());
    });
}

fn cell(bench: &Bench<'_>) {
    #[def_percpu]
    static STATE: Cell<[u16; 3]> = Cell::new([1, 2, 3]);

    bench.on_all(|cpu| {
        let irq = IrqOff::new();
        let state = STATE.get_local(&irq);
        bench.equal(cpu, state.replace([cpu as u16; 3]), [1, 2, 3]);
        let inner = IrqOff::new();
        bench.equal(cpu, STATE.get_local(&inner).get(), [cpu as u16; 3]);
    });
}

fn ref_cell(bench: &Bench<'_>) {
    #[def_percpu]
    static QUEUE: RefCell<[usize; 2]> = RefCell::new([0; 2]);

    bench.on_all(|cpu| {
        let irq = IrqOff::new();
        QUEUE.borrow_mut(&irq)[0] = cpu;
        {
            let shared = QUEUE.borrow(&irq);
            bench.equal(cpu, *shared, [cpu, 0]);
            bench.holds(cpu, QUEUE.try_borrow(&irq).is_ok());
            bench.holds(cpu, QUEUE.try_borrow_mut(&irq).is_err());
        }
        {
            let mut only = QUEUE.borrow_mut(&irq);
            bench.holds(cpu, QUEUE.try_borrow(&IrqOff::new()).is_err());
            only[1] = cpu + 1;
        }
        bench.equal(cpu, *QUEUE.borrow(&irq), [cpu, cpu + 1]);
    });
}
