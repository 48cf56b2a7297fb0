#[percpu_hv::def_percpu]
static _: u64 = 0;

fn main() {}
