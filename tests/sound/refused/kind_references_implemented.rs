//! Rule 16: safe code says that exclusive variables of its own type give references.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

use percpu_hv::kind;

struct Queue(Vec<String>);
impl kind::References<Queue> for kind::Exclusive {} //~
impl kind::LocalReferences<Queue> for kind::Exclusive {} //~

#[percpu_hv::def_percpu]
static QUEUE: Queue = Queue(Vec::new());

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE.with_current(|queue| queue.0.push("a string that is long enough".into()));
    let pin = percpu_hv::CpuPin::new();
    let first = &QUEUE.get(&pin).0[0];
    QUEUE.with_current(|queue| queue.0 = Vec::new());
    println!("{first}");
}
