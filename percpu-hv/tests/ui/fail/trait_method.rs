trait Vcpu {
    #[percpu_hv::def_percpu]
    fn run(&self);
}

impl Vcpu for u64 {
    fn run(&self) {}
}

fn main() {
    0_u64.run();
}
