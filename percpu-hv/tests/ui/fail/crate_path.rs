use percpu_hv::def_percpu;

#[def_percpu(crate = "percpu_hv")]
static A: u64 = 0;

#[def_percpu(crate = 1)]
static B: u64 = 0;

#[def_percpu(crate = percpu_hv::<u8>)]
static C: u64 = 0;

#[def_percpu(crate = percpu_hv.core)]
static D: u64 = 0;

#[def_percpu(crate = {percpu_hv})]
static E: u64 = 0;

#[def_percpu(crate = static)]
static F: u64 = 0;

#[def_percpu(crate = percpu-hv)]
static G: u64 = 0;

fn main() {
    A.offset();
    B.offset();
    C.offset();
    D.offset();
    E.offset();
    F.offset();
    G.offset();
}
