// A function with a `CpuId` could reach values that are not there yet.
#[percpu_hv::def_percpu(init = square)]
static SQUARE: usize;

fn square(cpu: percpu_hv::CpuId) -> usize {
    cpu.index() * cpu.index()
}

fn main() {
    SQUARE.offset();
}
