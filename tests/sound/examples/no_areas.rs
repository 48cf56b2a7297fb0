//! Rule 4: a CPU before init.
//!
//! must panic: there are no per-CPU areas yet
#![forbid(unsafe_code)]

fn main() {
    percpu_hv::init_percpu_reg(0);
}
