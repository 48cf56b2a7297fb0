//! Rule 6: ids of CPUs that have no area, and iterators from before init.
//!
//! must print: None 0
//! must print: 0 2
//! must print: None None Some(1)
//! must print: 0
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, def_percpu};

#[def_percpu]
static NUMBER: u64 = 3;

fn main() {
    let before = CpuId::all();
    println!("{:?} {}", CpuId::new(0), NUMBER.sum::<u64>());
    percpu_hv::init_hosted(2).unwrap();
    println!("{} {}", before.len(), CpuId::all().count());
    println!(
        "{:?} {:?} {:?}",
        CpuId::new(2),
        CpuId::new(usize::MAX),
        CpuId::new(1).map(CpuId::index)
    );
    let mut all = CpuId::all();
    assert_eq!(all.nth(5), None);
    println!("{}", all.len());
}
