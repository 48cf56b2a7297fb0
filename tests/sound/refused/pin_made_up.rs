//! Rule 13: a pin that nobody made.
//!
//! must not compile: cannot construct `CpuPin` with struct literal syntax due to private fields
#![forbid(unsafe_code)]

fn main() {
    let _ = percpu_hv::CpuPin { register: 8 }; //~
}
