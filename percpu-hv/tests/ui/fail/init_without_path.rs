#[percpu_hv::def_percpu(init)]
static SQUARE: usize;

fn main() {}
