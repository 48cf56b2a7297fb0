//! Rule 16: safe code says that shared variables of its own type are borrowed, where references live.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

use percpu_hv::__priv::Symbol;
use percpu_hv::{Place, Shared, kind};

struct Queue(Vec<String>);
impl Shared for Queue {}
impl kind::TryBorrows<Queue> for kind::Shared {} //~
impl kind::Borrows<Queue> for kind::Shared {
    //~^
    fn with_current<P: Place<Queue, Kind = Self>, R>(_: &P, f: impl FnOnce(&mut Queue) -> R) -> R {
        f(&mut Queue(Vec::new()))
    }
    fn reset<P: Symbol<Queue, Kind = Self>>(_: &P) {}
}

#[percpu_hv::def_percpu]
static QUEUE: Queue = Queue(Vec::new());

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE
        .try_with_current(|queue| queue.0.push("a text".into()))
        .unwrap();
    let pin = percpu_hv::CpuPin::new();
    let first = &QUEUE.get(&pin).0[0];
    QUEUE
        .try_with_current(|queue| queue.0 = Vec::new())
        .unwrap();
    println!("{first}");
}
