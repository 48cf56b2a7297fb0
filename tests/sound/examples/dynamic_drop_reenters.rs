//! Rule 22: values whose drop makes, uses and drops other variables, also the last owner of the same kind of variable.
//!
//! must print: 4 3 2 1 0 live
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use percpu_hv::DynPerCpu;
use percpu_hv::kind::Exclusive;

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// A variable whose values own the next one.
struct Nested(Option<Arc<DynPerCpu<Nested, Exclusive>>>);

impl Nested {
    fn new(depth: usize) -> Self {
        LIVE.fetch_add(1, Relaxed);
        let next = depth.checked_sub(1).map(|depth| {
            Arc::new(
                DynPerCpu::new_with(|cpu| Self::new(if cpu.index() == 0 { depth } else { 0 }))
                    .unwrap(),
            )
        });
        Self(next)
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Relaxed);
        // In the space that others just gave back.
        let words: DynPerCpu<[u64; 8], Exclusive> = DynPerCpu::new([5; 8]).unwrap();
        words.with_current(|words| assert_eq!(*words, [5; 8]));
        if let Some(next) = &self.0 {
            next.with_current(|next| next.0 = None);
        }
    }
}

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    for depth in (1..=4).rev() {
        drop(Nested::new(depth));
        print!("{depth} ");
    }
    println!("{} live", LIVE.load(Relaxed));
}
