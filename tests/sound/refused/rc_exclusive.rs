//! Defect 07, rule 7: an `Rc` that another thread, as the same CPU, clones and drops.
//!
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
//! must not compile: as no other can be found borrowed
#![forbid(unsafe_code)]

use std::rc::{Rc, Weak};

use percpu_hv::def_percpu;

#[def_percpu]
static RC: Option<Rc<u64>> = None;
#[def_percpu]
static WEAK: Weak<u64> = Weak::new();
#[def_percpu(exclusive)]
static VECTOR: Vec<Rc<u64>> = Vec::new();

struct Hidden(Vec<Box<dyn Fn()>>);
#[def_percpu]
static CLOSURES: Hidden = Hidden(Vec::new());

fn main() {
    RC.with_current(|rc| *rc = Some(Rc::new(1))); //~
    let _ = RC.try_with_current(|rc| rc.clone()); //~
    RC.reset_to_init(); //~
    WEAK.with_current(|weak| weak.clone()); //~
    VECTOR.with_current(|vector| vector.push(Rc::new(1))); //~
    CLOSURES.with_current(|closures| closures.0.push(Box::new(|| ()))); //~
}
