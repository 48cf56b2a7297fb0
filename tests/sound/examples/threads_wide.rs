//! Rule 6: values of 128 bits, which are never seen in part.
//!
//! must print: 0 torn
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, def_percpu};
use sound::on_cpus;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[def_percpu]
static WIDE: u128 = 0;

static TORN: AtomicU64 = AtomicU64::new(0);

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    on_cpus([0, 0, 1], |cpu| {
        for turn in 0..2000_u128 {
            if cpu == 0 {
                WIDE.with_current(|wide| *wide = turn << 64 | turn);
                WIDE.write_current(turn << 64 | turn);
            }
            let wide = WIDE.read_remote(CpuId::new(0).unwrap());
            TORN.fetch_add(
                u64::from(wide >> 64 != wide & u128::from(u64::MAX)),
                Relaxed,
            );
        }
    });
    println!("{} torn", TORN.load(Relaxed));
}
