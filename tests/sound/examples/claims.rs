//! Defect 54, rule 2: one id claimed twice.
//!
//! must print: Ok(CpuId(1)) true true
#![forbid(unsafe_code)]

use percpu_hv::claim_percpu_reg;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    let first = claim_percpu_reg(1);
    let again = claim_percpu_reg(1).is_err();
    let other = std::thread::spawn(|| claim_percpu_reg(1).is_err());
    println!("{first:?} {again} {}", other.join().unwrap());
}
