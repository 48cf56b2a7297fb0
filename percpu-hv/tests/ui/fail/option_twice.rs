#[percpu_hv::def_percpu(crate = ::percpu_hv, crate = percpu_hv)]
static EXITS: u64 = 0;

fn main() {
    EXITS.offset();
}
