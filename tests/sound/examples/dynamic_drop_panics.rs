//! Rule 22: a value whose drop panics: the values of the other CPUs are dropped, each once, and the space is used
//! again.
//!
//! must print: true 3 dropped
//! must print: 1000 rounds
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use percpu_hv::DynPerCpu;
use percpu_hv::kind::Exclusive;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Owner(usize, Vec<u8>);

impl Drop for Owner {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
        assert_eq!(self.1, [7; 100], "dropped before");
        assert!(self.0 != 1, "a drop that panics");
    }
}

fn drops() -> bool {
    let owner: DynPerCpu<[Owner; 1], Exclusive> =
        DynPerCpu::new_with(|cpu| [Owner(cpu.index(), vec![7; 100])]).unwrap();
    let space: DynPerCpu<[u8; 10_000], Exclusive> = DynPerCpu::new([1; 10_000]).unwrap();
    catch_unwind(AssertUnwindSafe(move || drop((owner, space)))).is_err()
}

fn main() {
    percpu_hv::init_hosted(3).unwrap();
    percpu_hv::init_percpu_reg(2);
    std::panic::set_hook(Box::new(|_| ()));
    println!("{} {} dropped", drops(), DROPPED.load(Relaxed));
    assert!((1..1000).all(|_| drops()));
    assert_eq!(DROPPED.load(Relaxed), 3000);
    println!("1000 rounds");
}
