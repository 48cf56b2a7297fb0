//! Rule 16: atomics, locks and types of one's own that all CPUs change.
//!
//! must print: 8000 8000 [0, 1, 2, 3]
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, def_percpu};
use sound::on_cpus;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

struct Load {
    running: AtomicU64,
    queue: Mutex<Vec<usize>>,
}
impl percpu_hv::Shared for Load {}

#[def_percpu]
static LOAD: Load = Load {
    running: AtomicU64::new(0),
    queue: Mutex::new(Vec::new()),
};
#[def_percpu(shared)]
static ID: OnceLock<usize> = OnceLock::new();

fn main() {
    percpu_hv::init_hosted(4).unwrap();
    on_cpus([0, 1, 2, 3], |cpu| {
        ID.get(&CpuPin::new()).get_or_init(|| cpu);
        for turn in 0..500 {
            for (other, load) in LOAD.iter() {
                load.running.fetch_add(1, Relaxed);
                load.queue.lock().unwrap().push(turn + other.index());
            }
        }
    });
    let running = LOAD.fold(0, |sum, load| sum + load.running.load(Relaxed));
    let queued = LOAD.fold(0, |sum, load| sum + load.queue.lock().unwrap().len());
    let ids: Vec<_> = ID.iter().map(|(_, id)| *id.get().unwrap()).collect();
    println!("{running} {queued} {ids:?}");
}
