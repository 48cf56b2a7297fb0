//! If a copy could start with a `&mut`: those of all CPUs would be the same one.

#[percpu_hv::def_percpu]
static EXITS: &mut u64 = &mut 1;

#[percpu_hv::def_percpu]
static NESTED: Option<(&mut [u64], u8)> = Some((&mut [1, 2], 3));

fn main() {
    EXITS.with_current(|exits| **exits += 1);
    NESTED.with_current(|nested| nested.is_some());
}
