use percpu_hv::Scalar;

#[derive(Clone, Copy, Scalar)]
#[repr(C)]
struct Pair(u16, u16);

#[derive(Clone, Copy, Scalar)]
struct Plain(u32);

#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
struct Wide([u8; 4]);

#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
struct NotSend(*mut u8);

#[derive(Scalar)]
#[repr(transparent)]
struct NotCopy(u32);

#[derive(Clone, Copy, Scalar)]
enum NoSize {
    A,
    B,
}

#[derive(Clone, Copy, Scalar)]
#[repr(u8)]
enum Fields {
    A(u8),
    B,
}

#[derive(Clone, Copy, Scalar)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
