#[percpu_hv::def_percpu(init = square)]
static SQUARE: usize = 4;

fn square(cpu: usize) -> usize {
    cpu * cpu
}

fn main() {
    SQUARE.offset();
}
