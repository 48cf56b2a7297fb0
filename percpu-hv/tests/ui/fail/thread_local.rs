#[percpu_hv::def_percpu]
#[thread_local]
static EXITS: u64 = 0;

fn main() {
    EXITS.offset();
}
