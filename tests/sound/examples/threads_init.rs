//! Rule 4: many threads make areas at the same time; whoever is told that there are some finds them whole.
//!
//! must print: 8 right
#![forbid(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use percpu_hv::{CpuId, InitError, def_percpu};

#[def_percpu]
static NUMBER: u64 = 5;
#[def_percpu]
static COUNT: AtomicU64 = AtomicU64::new(6);
#[def_percpu]
static TEXT: &str = "seven";

fn init(thread: usize) -> Result<usize, InitError> {
    if thread.is_multiple_of(2) {
        return percpu_hv::init_hosted(4);
    }
    let layout = percpu_hv::percpu_area_layout_expected(4);
    let memory = Vec::leak(vec![MaybeUninit::uninit(); layout.size() + layout.align()]);
    let start = memory.as_ptr().align_offset(layout.align());
    percpu_hv::init_from(&mut memory[start..], 4)
}

fn main() {
    let threads = [0, 1, 2, 3, 4, 5, 6, 7].map(|thread| {
        thread::spawn(move || {
            let result = init(thread);
            assert!(matches!(
                result,
                Ok(4) | Err(InitError::AlreadyInitialized { cpu_count: 4 })
            ));
            percpu_hv::init_percpu_reg(thread % 4);
            for cpu in CpuId::all() {
                assert_eq!(
                    (NUMBER.read_remote(cpu), COUNT.on(cpu).load(Relaxed)),
                    (5, 6)
                );
            }
            TEXT.with_current(|text| *text == "seven")
        })
    });
    let right = threads.map(|thread| thread.join().unwrap());
    println!("{} right", right.iter().filter(|right| **right).count());
}
