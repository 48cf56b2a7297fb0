//! Defect 43, rule 5: threads that run as one CPU change its values.
//!
//! must print: 9000 0 true
#![forbid(unsafe_code)]

use percpu_hv::{IrqOff, def_percpu};
use sound::on_cpus;

#[def_percpu]
static ADDED: u64 = 0;
#[def_percpu]
static MASK: u8 = 0;
#[def_percpu]
static LAST: usize = 0;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    on_cpus([0, 0, 0], |_| {
        for turn in 0..3000 {
            ADDED.inc_current();
            MASK.xor_current(1);
            MASK.xor_current(1);
            // One overwrites what the other stored, but each stores a whole value.
            LAST.with_current(|last| *last = turn);
            assert!(LAST.swap_current(turn) < 3000);
            if turn % 1000 == 0 {
                LAST.reset_to_init();
                assert!(LAST.read(&IrqOff::new()) < 3000);
            }
        }
    });
    percpu_hv::init_percpu_reg(0);
    println!(
        "{} {} {}",
        ADDED.read_current(),
        MASK.read_current(),
        LAST.read_current() < 3000
    );
}
