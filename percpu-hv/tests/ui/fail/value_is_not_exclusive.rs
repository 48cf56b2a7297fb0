//! If a value could be found borrowed: it never is, since `with_current` works on a copy of it.

use percpu_hv::def_percpu;

#[def_percpu]
static EXITS: u64 = 0;

fn main() {
    let _exits = EXITS.try_with_current(|exits| *exits += 1);
}
