//! A mistake in the value is told once, though the storage and the original both have it.

use percpu_hv::def_percpu;

fn first_id() -> u64 {
    7
}

#[def_percpu]
static ID: u64 = first_id();

fn main() {}
