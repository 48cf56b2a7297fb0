#[percpu_hv::def_percpu]
static EXITS: [u64] = [0; 4];

#[percpu_hv::def_percpu]
static NAME: str = *"guest";

#[percpu_hv::def_percpu]
static HOOK: dyn Fn() + Send = || ();

fn main() {}
