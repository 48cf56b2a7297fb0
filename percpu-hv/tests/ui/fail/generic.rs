#[percpu_hv::def_percpu]
static SLOT<T>: Option<T> = None;

fn main() {}
