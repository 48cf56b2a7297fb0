use percpu_hv::def_percpu;

#[def_percpu(shared, exclusive)]
static A: u64 = 0;

#[def_percpu(value)]
static B: u64 = 0;

#[def_percpu(shared = 1)]
static C: u64 = 0;

#[def_percpu(exclusive(send))]
static D: u64 = 0;

#[def_percpu(hot; exclusive)]
static E: u64 = 0;

fn main() {
    A.offset();
    B.offset();
    C.get(&percpu_hv::CpuPin::new());
    D.with_current(|_| ());
    E.try_with_current(|_| ()).unwrap();
}
