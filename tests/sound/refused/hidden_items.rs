//! Rule 24: what expansions rely on is unsafe for everyone else.
//!
//! must not compile: E0133
//! must not compile: no field `0` on type `()`
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::Mutex;

use percpu_hv::__priv::{Initial, Unshared};
use percpu_hv::{PerCpu, Scalar, def_percpu};

struct Node {
    own: Option<&'static Node>,
    list: Mutex<Vec<u8>>,
}

#[def_percpu]
static NODE: Node = Node {
    own: Some(&__PERCPU_INITIAL.0), //~
    list: Mutex::new(Vec::new()),
};

#[def_percpu]
static WORD: u64 = 0;
static AGAIN: PerCpu<__PerCpu_WORD, u32> = PerCpu::__new(__PerCpu_WORD); //~
static CELL: Initial<Cell<u64>> = Initial(Cell::new(0), Unshared::new()); //~

fn main() {
    bool::__loaded(7); //~
}
