use percpu_hv::def_percpu;

#[def_percpu(crate)]
static A: u64 = 0;

#[def_percpu(crate =)]
static B: u64 = 0;

#[def_percpu(crate(percpu_hv))]
static C: u64 = 0;

#[def_percpu(crate = percpu_hv::)]
static D: u64 = 0;

fn main() {
    A.offset();
    B.offset();
    C.offset();
    D.offset();
}
