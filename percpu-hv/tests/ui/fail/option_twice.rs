#[percpu_hv::def_percpu(crate = ::percpu_hv, crate = percpu_hv)]
static EXITS: u64 = 0;

#[percpu_hv::def_percpu(hot, hot)]
static HOT: u64 = 0;

#[percpu_hv::def_percpu(shared, hot, shared)]
static SHARED: u64 = 0;

fn main() {
    EXITS.offset();
    HOT.offset();
    SHARED.get(&percpu_hv::CpuPin::new());
}
