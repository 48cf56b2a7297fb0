#[percpu_hv::def_percpu]
static EXITS: u64;

fn main() {}
