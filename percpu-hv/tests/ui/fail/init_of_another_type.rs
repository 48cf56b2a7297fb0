#[percpu_hv::def_percpu(init = square)]
static SQUARE: u8;

fn square(cpu: usize) -> usize {
    cpu * cpu
}

fn main() {
    SQUARE.offset();
}
