//! Rule 22: a variable of one set of CPUs, used by those of another one: by their register, by their guards and
//! by their ids.
//!
//! must print: refused: read
//! must print: refused: write by a pin
//! must print: refused: an element by a pin
//! must print: refused: a reference by a pin
//! must print: refused: a reference by an id
//! must print: refused: all values
//! must print: refused: a borrow
//! must print: refused: a borrow inside of a borrow
//! must print: 1 [1, 2, 3] 2 dropped
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

use percpu_hv::kind::{Elements, Exclusive, Shared};
use percpu_hv::{CpuId, CpuPin, DynPerCpu, as_cpu, with_cpus};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Owner(Vec<u8>);

impl Drop for Owner {
    fn drop(&mut self) {
        assert_eq!(self.0, [1, 2, 3]);
        DROPPED.fetch_add(1, Relaxed);
    }
}

fn refused<R>(what: &str, f: impl FnOnce() -> R) {
    let panic = catch_unwind(AssertUnwindSafe(f)).map(|_| ()).unwrap_err();
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.unwrap_or_else(|| (*panic.downcast_ref::<&str>().unwrap()).to_owned());
    assert!(
        text.contains("was made at run time for other CPUs"),
        "{text}"
    );
    println!("refused: {what}");
}

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    with_cpus(2, || {
        let value: DynPerCpu<u64> = DynPerCpu::new(1).unwrap();
        // As long as most of the reserve: an element of it is far from the start of an area.
        let array: DynPerCpu<[u64; 7000], Elements> = DynPerCpu::new([1; 7000]).unwrap();
        let shared: DynPerCpu<AtomicU32, Shared> =
            DynPerCpu::new_with(|_| AtomicU32::new(1)).unwrap();
        let owner: DynPerCpu<Owner, Exclusive> =
            DynPerCpu::new_with(|_| Owner(vec![1, 2, 3])).unwrap();
        let own_pin = CpuPin::new();
        let text = with_cpus(3, || {
            let pin = CpuPin::new();
            refused("read", || value.read_current());
            refused("write by a pin", || value.write(&pin, 2));
            refused("an element by a pin", || array.at(6999).write(&pin, 2));
            refused("a reference by a pin", || shared.get(&pin));
            refused("a reference by an id", || shared.on(CpuId::new(2).unwrap()));
            refused("all values", || value.values().count());
            refused("a borrow", || owner.with_current(|_| ()));
            // A guard stays that of its CPU.
            value.read(&own_pin)
        });
        owner.with_current(|_| {
            refused("a borrow inside of a borrow", || {
                with_cpus(1, || owner.with_current(|_| ()))
            });
        });
        print!("{text} ");
        as_cpu(1, || owner.with_current(|owner| print!("{:?} ", owner.0)));
        // Dropped where other CPUs are current.
        with_cpus(1, move || drop(owner));
        println!("{} dropped", DROPPED.load(Relaxed));
    });
}
