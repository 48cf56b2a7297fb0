use percpu_hv::def_percpu;

#[def_percpu]
#[def_percpu]
static A: u64 = 0;

#[def_percpu]
#[cfg_attr(all(), doc = "exits", percpu_hv::def_percpu)]
static B: u64 = 0;

fn main() {
    A.offset();
    B.offset();
}
