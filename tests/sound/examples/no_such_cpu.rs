//! Rule 6: a CPU that has no area.
//!
//! must panic: CPU id 2 is out of range
#![forbid(unsafe_code)]

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(2);
}
