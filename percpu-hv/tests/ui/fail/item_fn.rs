#[percpu_hv::def_percpu]
const fn counter() -> u64 {
    0
}

fn main() {
    counter();
}
