//! What several of the programs in `examples` share.
#![forbid(unsafe_code)]

use std::thread;

/// Runs `f` on a thread for each of `cpus`, which runs as that CPU. CPUs may be named more than once.
pub fn on_cpus<const N: usize>(cpus: [usize; N], f: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for cpu in cpus {
            let f = &f;
            scope.spawn(move || {
                percpu_hv::init_percpu_reg(cpu);
                f(cpu);
            });
        }
    });
}
