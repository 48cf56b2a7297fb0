trait Vcpu {
    #[percpu_hv::def_percpu]
    const EXITS: u64;
}

impl Vcpu for u64 {
    const EXITS: u64 = 0;
}

fn main() {
    let _ = u64::EXITS;
}
