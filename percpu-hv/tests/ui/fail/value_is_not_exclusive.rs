//! A value is never found borrowed, because `with_current` works on a copy of it.

use percpu_hv::def_percpu;

#[def_percpu]
static EXITS: u64 = 0;

fn main() {
    let _exits = EXITS.try_with_current(|exits| *exits += 1);
}
