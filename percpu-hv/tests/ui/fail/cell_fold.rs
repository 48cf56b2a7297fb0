//! Without `T: Sync`, this CPU would read the `Cell` while its own CPU writes it.

use std::cell::Cell;

#[percpu_hv::def_percpu]
static COUNT: Cell<u64> = Cell::new(0);

fn main() {
    let _sum = COUNT.fold(0, |sum, count| sum + count.get());
}
