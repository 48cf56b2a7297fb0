//! Without `Scalar`: a handler sees half of the pair written.

#[percpu_hv::def_percpu]
static PAIR: (u64, u64) = (0, 0);

fn main() {
    PAIR.write_current((1, 1));
    let pin = percpu_hv::CpuPin::new();
    let _pair = PAIR.read(&pin);
}
