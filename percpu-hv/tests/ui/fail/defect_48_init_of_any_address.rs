//! If these were safe, safe code could write to any address, and put a CPU in the area of another one.

fn main() {
    let _ = percpu_hv::init(0x4000_0000 as *mut u8, 1);
    percpu_hv::resume_percpu_reg(1);
}
