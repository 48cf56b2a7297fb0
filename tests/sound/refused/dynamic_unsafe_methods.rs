//! Rule 22: methods of a variable made at run time that need `unsafe`.
//!
//! must not compile: E0133
#![forbid(unsafe_code)]

use percpu_hv::kind::Exclusive;
use percpu_hv::{CpuId, DynPerCpu};

fn main() {
    let list: DynPerCpu<Vec<u8>, Exclusive> = DynPerCpu::new(vec![1]).unwrap();
    list.replace_remote(CpuId::new(0).unwrap(), Vec::new()); //~
    list.current_ptr(); //~
    list.current_ref_mut_raw(); //~
    list.with_current_unchecked(|_| ()); //~
    list.remote_ptr(0); //~
    list.remote_ref_raw(0); //~
}
