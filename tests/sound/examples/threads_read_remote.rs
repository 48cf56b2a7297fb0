//! Defect 35, rule 6: values that their CPU changes by `with_current` are read and summed by others.
//!
//! must print: 8000 4000 true
#![forbid(unsafe_code)]

use percpu_hv::{CpuId, def_percpu};
use sound::on_cpus;

#[def_percpu]
static COUNT: u64 = 0;
#[def_percpu]
static SMALL: u8 = 0;
#[def_percpu(hot)]
static FLAG: bool = false;

fn main() {
    percpu_hv::init_hosted(3).unwrap();
    let zero = CpuId::new(0).unwrap();
    on_cpus([0, 1, 2], |cpu| {
        let mut last = 0;
        for turn in 0..4000_u64 {
            if cpu < 2 {
                COUNT.with_current(|count| *count += 1);
                SMALL.with_current(|small| *small = small.wrapping_add(1));
                FLAG.with_current(|flag| *flag = !*flag);
            }
            let remote = COUNT.read_remote(zero);
            let sum = COUNT.sum::<u64>();
            assert!(remote <= sum && last <= sum && sum <= 8000, "{turn}");
            last = sum;
            let values = SMALL
                .values()
                .map(|(_, small)| u64::from(small))
                .sum::<u64>();
            assert!(values <= 2 * 255 && (FLAG.read_remote(zero) as u8) < 2);
        }
    });
    println!(
        "{} {} {}",
        COUNT.sum::<u64>(),
        COUNT.read_remote(zero),
        SMALL
            .values()
            .all(|(cpu, small)| small == if cpu.index() < 2 { 160 } else { 0 })
    );
}
