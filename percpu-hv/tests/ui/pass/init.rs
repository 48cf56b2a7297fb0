//! The option `init`: any function of an index, for any type.
#![deny(warnings)]

use std::cell::RefCell;
use std::sync::atomic::AtomicUsize;

use percpu_hv::def_percpu;

mod stacks {
    pub struct Stack(Box<[u8]>);

    impl Stack {
        pub fn of<const SIZE: usize, T>(_cpu: usize) -> Self {
            Self(vec![0; SIZE * size_of::<T>()].into())
        }

        pub fn size(&self) -> usize {
            self.0.len()
        }
    }
}

#[def_percpu(init = stacks::Stack::of::<64, u16>)]
pub static STACK: stacks::Stack;
#[def_percpu(hot, init = core::convert::identity)]
static INDEX: usize;
#[def_percpu(init = AtomicUsize::new, cache_aligned)]
static NEXT: AtomicUsize;
#[def_percpu(init = |cpu| RefCell::new(vec![cpu]), shared)]
static LIST: RefCell<Vec<usize>>;

struct Private(#[allow(dead_code, reason = "it is there")] usize);
#[def_percpu(exclusive, init = Private)]
static mut PRIVATE: Private;

fn main() {
    // Its own name, and one that the expansion has too.
    fn make(cpu: usize) -> u64 {
        cpu as u64
    }
    #[def_percpu(init = make)]
    static LOCAL: u64;

    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    assert_eq!(STACK.with_current(|stack| stack.size()), 128);
    assert_eq!((INDEX.read_current(), LOCAL.read_current()), (1, 1));
    let pin = percpu_hv::CpuPin::new();
    assert_eq!(NEXT.get(&pin).load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(*LIST.borrow(&percpu_hv::IrqOff::new()), [1]);
    assert_eq!(PRIVATE.form(), LOCAL.form());
}
