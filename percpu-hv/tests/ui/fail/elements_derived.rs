use percpu_hv::Elements;

#[derive(Elements)]
enum World {
    Host,
    Guest(u8),
}

#[derive(Elements)]
union Either {
    a: u32,
    b: f32,
}

#[derive(Elements)]
struct Nothing;

#[derive(Elements)]
#[repr(C, packed(2))]
struct Packed {
    byte: u8,
    word: u64,
}

fn main() {}
