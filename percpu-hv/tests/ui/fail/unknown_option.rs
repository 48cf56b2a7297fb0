use percpu_hv::def_percpu;

#[def_percpu(section = ".data")]
static A: u64 = 0;

#[def_percpu("el2")]
static B: u64 = 0;

#[def_percpu(, crate = ::percpu_hv)]
static C: u64 = 0;

#[def_percpu(align(64), warm)]
static D: u64 = 0;

fn main() {
    A.offset();
    B.offset();
    C.offset();
    D.offset();
}
