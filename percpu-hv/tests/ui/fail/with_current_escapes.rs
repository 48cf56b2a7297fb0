//! If the closure could keep its reference, a second call would return the same exclusive reference.

#[percpu_hv::def_percpu]
static EXITS: u64 = 0;

fn main() {
    let exits = EXITS.with_current(|exits| exits);
    *exits += 1;
}
