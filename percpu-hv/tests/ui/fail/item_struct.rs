#[percpu_hv::def_percpu]
pub struct Counter(u64);

fn main() {
    let _ = Counter(0);
}
