#[percpu_hv::def_percpu(hot = true)]
#[link_section = ".data"]
static EXITS: u64 = 0;

fn main() {
    EXITS.offset();
}
