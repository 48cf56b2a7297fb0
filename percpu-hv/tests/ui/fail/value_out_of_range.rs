#[percpu_hv::def_percpu]
static B: u8 = 255 + 1;

#[percpu_hv::def_percpu(elements)]
static C: [u8; 1] = [255 + 1];

fn main() {
    B.offset();
    C.offset();
}
