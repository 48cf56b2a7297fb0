//! Defect 31, rule 16: scalars and atomics that are exclusive by option.
//!
//! must print: 1 refused 3
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use percpu_hv::def_percpu;

#[def_percpu(exclusive)]
static NUMBER: u64 = 1;
#[def_percpu(exclusive)]
static ATOMIC: AtomicU64 = AtomicU64::new(2);

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let number = NUMBER.with_current(|number| {
        assert!(NUMBER.try_with_current(|number| *number = 9).is_err());
        *number
    });
    ATOMIC.with_current(|atomic| *atomic.get_mut() += 1);
    println!(
        "{number} refused {}",
        ATOMIC.with_current(|atomic| *atomic.get_mut())
    );
}
