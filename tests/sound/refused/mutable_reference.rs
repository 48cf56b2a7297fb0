//! Defect 39: a `&mut` in the initial value, which every CPU's copy would hold.
//!
//! must not compile: E0764
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
static ARRAY: &mut [u64] = &mut [1, 2]; //~
#[def_percpu(exclusive)]
static EXCLUSIVE: &mut u64 = &mut 1; //~
#[def_percpu(shared)]
static SHARED: &mut u64 = &mut 1; //~
#[def_percpu(page_aligned)]
static ALIGNED: &mut u64 = &mut 1; //~
#[def_percpu(cache_aligned)]
static LINE: &mut u64 = &mut 1; //~
#[def_percpu(hot)]
static HOT: &mut u64 = &mut 1; //~

fn main() {}
