//! Defect 42, rule 3: variables aligned to more than a page, in memory of one's own.
//!
//! must print: 0 misaligned
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::mem::MaybeUninit;

use percpu_hv::{CpuId, def_percpu};

#[repr(align(16384))]
struct Four([u8; 5]);
impl percpu_hv::Shared for Four {}

#[def_percpu]
static FOUR: Four = Four([7; 5]);

fn main() {
    let layout = percpu_hv::percpu_area_layout_expected(3);
    let memory = Vec::leak(vec![MaybeUninit::uninit(); layout.size() + layout.align()]);
    let start = memory.as_ptr().align_offset(layout.align());
    percpu_hv::init_from(&mut memory[start..], 3).unwrap();
    let mut wrong = 0;
    for cpu in CpuId::all() {
        let four = FOUR.on(cpu);
        assert_eq!(four.0, [7; 5]);
        wrong += usize::from(!black_box(&raw const *four).addr().is_multiple_of(16384));
    }
    println!("{wrong} misaligned");
}
