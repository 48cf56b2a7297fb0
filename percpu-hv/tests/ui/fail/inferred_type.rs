#[percpu_hv::def_percpu]
static EXITS: _ = 0_u64;

fn main() {}
