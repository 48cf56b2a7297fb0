//! A mistake in the value is told once, though the initial value is evaluated twice.

use percpu_hv::def_percpu;

fn first_id() -> u64 {
    7
}

#[def_percpu]
static ID: u64 = first_id();

fn main() {}
