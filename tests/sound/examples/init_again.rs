//! Rule 4: a second init, with other memory or another count, leaves the areas and their values.
//!
//! must print: Err Err Err 2
//! must print: 7 7
#![forbid(unsafe_code)]

use std::mem::MaybeUninit;

use percpu_hv::{CpuId, def_percpu};

#[def_percpu]
static NUMBER: u64 = 0;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    let cpu = CpuId::new(1).unwrap();
    NUMBER.write_current(7);
    let layout = percpu_hv::percpu_area_layout_expected(8);
    let memory = Vec::leak(vec![MaybeUninit::new(0xff); layout.size() + layout.align()]);
    let start = memory.as_ptr().align_offset(layout.align());
    let say = |ok: bool| if ok { "Ok" } else { "Err" };
    println!(
        "{} {} {} {}",
        say(percpu_hv::init_from(&mut memory[start..], 8).is_ok()),
        say(percpu_hv::init_hosted(8).is_ok()),
        say(percpu_hv::init_in_place().is_ok()),
        percpu_hv::percpu_area_num(),
    );
    println!("{} {}", NUMBER.read_current(), NUMBER.read_remote(cpu));
}
