//! Defect 34, rule 16: a `&mut` to a type of the user's own that is shared by trait or by option.
//!
//! must not compile: only a `Value` does, and an `Exclusive` one of a type that is `Send`
#![forbid(unsafe_code)]

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use percpu_hv::def_percpu;

struct Load {
    running: AtomicU64,
}
impl percpu_hv::Shared for Load {}

struct Generic<T>(T);
impl<T> percpu_hv::Shared for Generic<T> {}

type Alias = Generic<Vec<u8>>;

#[def_percpu]
static LOAD: Load = Load {
    running: AtomicU64::new(0),
};
#[def_percpu]
static GENERIC: Alias = Generic(Vec::new());
#[def_percpu(shared)]
static OPTION: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn main() {
    LOAD.with_current(|load| *load.running.get_mut() = 1); //~
    GENERIC.with_current(|generic| generic.0.clear()); //~
    OPTION.with_current(|mutex| mutex.get_mut().unwrap().clear()); //~
}
