//! Rule 6: CPU ids that nobody made.
//!
//! must not compile: private
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, CpuIds};

fn main() {
    let _ = CpuId(7); //~
    let _ = CpuIds(0..9); //~
    let _ = CpuId::expect(7); //~
}
