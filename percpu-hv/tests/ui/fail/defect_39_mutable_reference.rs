//! A `&mut`, or a reference to a `Cell`, as initial value would be the same one in the copies of all CPUs.

use std::cell::Cell;

use percpu_hv::def_percpu;

#[def_percpu]
static EXITS: &mut u64 = &mut 1;
#[def_percpu]
static NESTED: Option<(&mut [u64], u8)> = Some((&mut [1, 2], 3));
#[def_percpu]
static CELL: &Cell<u64> = &Cell::new(1);

fn main() {
    EXITS.with_current(|exits| **exits += 1);
    NESTED.with_current(|nested| nested.is_some());
    CELL.offset();
}
