#[percpu_hv::def_percpu]
static A: u8 = 256;

fn main() {
    A.offset();
}
