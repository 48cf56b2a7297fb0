use percpu_hv::def_percpu;

#[unsafe(link_section = ".data")]
#[def_percpu]
static A: u64 = 0;

#[def_percpu]
#[link_section = ".data"]
static B: u64 = 0;

#[def_percpu]
#[cfg_attr(all(), cfg_attr(all(), doc = "exits", unsafe(link_section = ".data")))]
static C: u64 = 0;

fn main() {
    A.offset();
    B.offset();
    C.offset();
}
