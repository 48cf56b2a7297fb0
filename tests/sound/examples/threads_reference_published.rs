//! Rule 6: a reference to what was just made, read by another CPU: it has to see the object whole.
//!
//! must print: all read
#![forbid(unsafe_code)]

use std::thread;

use percpu_hv::{CpuId, CpuPin, IrqOff, def_percpu};

struct Config {
    name: String,
    words: [u64; 4],
}

#[def_percpu]
static CONFIG: Option<&Config> = None;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            percpu_hv::init_percpu_reg(0);
            for turn in 0..200 {
                let config: &'static Config = Box::leak(Box::new(Config {
                    name: format!("config {turn}"),
                    words: [turn; 4],
                }));
                match turn % 4 {
                    0 => CONFIG.write_current(Some(config)),
                    1 => drop(CONFIG.swap_current(Some(config))),
                    2 => CONFIG.with_current(|current| *current = Some(config)),
                    _ => CONFIG.write(&CpuPin::new(), Some(config)),
                }
                thread::yield_now();
            }
        });
        for cpu in 0..2 {
            scope.spawn(move || {
                percpu_hv::init_percpu_reg(cpu);
                let zero = CpuId::new(0).unwrap();
                let mut last = 0;
                while last < 199 {
                    let seen = match (cpu, last % 2) {
                        // Another thread of the CPU that stores it.
                        (0, 0) => CONFIG.read_current(),
                        (0, _) => CONFIG.read(&IrqOff::new()),
                        (_, 0) => CONFIG.read_remote(zero),
                        _ => CONFIG.values().next().unwrap().1,
                    };
                    if let Some(config) = seen {
                        let [first, .., end] = config.words;
                        assert_eq!(config.name, format!("config {first}"));
                        assert_eq!(first, end);
                        last = first;
                    }
                    thread::yield_now();
                }
            });
        }
    });
    println!("all read");
}
