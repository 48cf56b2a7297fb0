#[percpu_hv::def_percpu]
static EXITS = 0_u64;

#[percpu_hv::def_percpu]
static TRAPS: = 0_u64;

fn main() {}
