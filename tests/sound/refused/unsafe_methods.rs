//! Defect 48, rules 5, 6, 9 and 17: everything that has a duty of its caller.
//!
//! must not compile: E0133
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use percpu_hv::{CpuId, PerCpuCounter, def_percpu};

#[def_percpu]
static VALUE: u64 = 0;
#[def_percpu]
static SHARED: AtomicU64 = AtomicU64::new(0);
#[def_percpu]
static EXCLUSIVE: Vec<u64> = Vec::new();
#[def_percpu]
static COUNTER: PerCpuCounter = PerCpuCounter::new();

fn main() {
    let cpu = CpuId::new(0).unwrap();
    let _ = percpu_hv::init(std::ptr::without_provenance_mut(0x4000_0000), 1); //~
    percpu_hv::write_percpu_reg(0x4000_0000); //~
    let _ = percpu_hv::reinit_percpu_area(cpu); //~
    let _ = VALUE.current_ptr(); //~
    let _ = VALUE.current_ref_raw(); //~
    let _ = VALUE.current_ref_mut_raw(); //~
    let _ = VALUE.read_current_raw(); //~
    VALUE.write_current_raw(1); //~
    let _ = VALUE.remote_ptr(0); //~
    let _ = VALUE.remote_ref_raw(0); //~
    let _ = VALUE.remote_ref_mut_raw(0); //~
    VALUE.with_current_unchecked(|value| *value = 1); //~
    SHARED.with_current_unchecked(|shared| *shared.get_mut() = 1); //~
    SHARED.reset_remote(cpu); //~
    EXCLUSIVE.with_current_unchecked(|queue| queue.clear()); //~
    EXCLUSIVE.reset_remote(cpu); //~
    COUNTER.retire(cpu); //~
}
