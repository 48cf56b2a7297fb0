//! Variables of every group, with a large one that is cold.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine};
use percpu_hv::def_percpu;

hv_boot::main!(main);

#[def_percpu(hot)]
static HOT: u64 = 1;
#[def_percpu]
static ORDINARY: u64 = 2;
#[def_percpu]
static ALIGNED: Aligned = Aligned(3);
#[def_percpu(exclusive)]
static BORROWED: u64 = 4;
#[def_percpu(cold)]
static COLD: [u64; 1024] = [5; 1024];
#[def_percpu(read_mostly)]
static READ_MOSTLY: u64 = 6;
#[def_percpu(cache_aligned)]
static CACHE_ALIGNED: u64 = 7;
#[def_percpu(page_aligned)]
static PAGE_ALIGNED: u64 = 8;

#[repr(align(64))]
struct Aligned(u64);

fn main(_: &'static Machine) -> ExitCode {
    match images::report(percpu_hv::init_in_place()) {
        Err(status) => status,
        Ok(_) => {
            percpu_hv::init_percpu_reg(0);
            let values = [
                HOT.read_current(),
                ORDINARY.read_current(),
                ALIGNED.with_current(|aligned| aligned.0),
                BORROWED.with_current(|value| *value),
                COLD.with_current(|words| words[1023]),
                READ_MOSTLY.read_current(),
                CACHE_ALIGNED.read_current(),
                PAGE_ALIGNED.read_current(),
            ];
            assert_eq!(values, [1, 2, 3, 4, 5, 6, 7, 8]);
            assert_eq!(percpu_hv::current_cpu().index(), 0);
            ExitCode::SUCCESS
        }
    }
}
