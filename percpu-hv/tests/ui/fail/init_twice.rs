#[percpu_hv::def_percpu(init = square, hot, init = square)]
static SQUARE: usize;

fn square(cpu: usize) -> usize {
    cpu * cpu
}

fn main() {
    SQUARE.offset();
}
