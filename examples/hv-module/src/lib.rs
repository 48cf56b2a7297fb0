//! A module of a hypervisor: it is compiled by itself, and hv-boot's image `module` loads it while it runs.
//!
//! Its per-CPU variables are like any others. Their operations are compiled into the module, and the loader resolves
//! the symbols of the variables to where the section of this module is.
//!
//! The functions have C's names and calling convention. `module.ld` says what an object consists of.
#![no_std]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use percpu_hv::{CpuId, def_percpu};

/// What a module finds in the hypervisor.
mod hypervisor {
    unsafe extern "C" {
        /// Prints a line: `length` bytes of UTF-8 at `text`.
        pub(crate) fn hypervisor_print(text: *const u8, length: usize);
    }
}

/// A value that does not start at 0.
#[def_percpu]
static PACKETS: u64 = 1000;

/// A value that starts at 0.
#[def_percpu]
static BYTES: u32 = 0;

/// Shared: other CPUs count here.
#[def_percpu]
static KICKS: AtomicU64 = AtomicU64::new(5);

/// Exclusive, and aligned.
#[def_percpu]
static QUEUE: Queue = Queue {
    longest: 0,
    lengths: [7; 8],
};

/// Its initial value is an address, which the loader fills in.
#[def_percpu(shared)]
static NAME: &str = "hv-module";

#[repr(C, align(64))]
struct Queue {
    longest: u64,
    lengths: [u64; 8],
}

/// No per-CPU variable: all CPUs count here together.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Greets, and returns how often [`module_run`] was called: not yet.
#[unsafe(no_mangle)]
extern "C" fn module_init() -> u64 {
    print("hv-module: loaded");
    RUNS.load(Relaxed)
}

/// Returns whether this CPU's variables have their initial values.
#[unsafe(no_mangle)]
extern "C" fn module_is_fresh() -> bool {
    let queue = QUEUE.with_current(|queue| queue.longest == 0 && queue.lengths == [7; 8]);
    let pin = percpu_hv::CpuPin::new();
    let shared = KICKS.get(&pin).load(Relaxed) == 5 && *NAME.get(&pin) == "hv-module";
    PACKETS.read_current() == 1000 && BYTES.read_current() == 0 && queue && shared
}

/// Counts `times` packets on this CPU, and kicks the CPU `next` at each.
#[unsafe(no_mangle)]
extern "C" fn module_run(times: u64, next: usize) {
    RUNS.fetch_add(1, Relaxed);
    for length in 0..times {
        PACKETS.inc_current();
        BYTES.add_current(64);
        QUEUE.with_current(|queue| queue.longest = queue.longest.max(length + 1));
        if let Some(next) = CpuId::new(next) {
            KICKS.on(next).fetch_add(1, Relaxed);
        }
    }
}

/// Returns the packets of all CPUs.
#[unsafe(no_mangle)]
extern "C" fn module_packets() -> u64 {
    PACKETS.sum()
}

/// Returns the kicks of all CPUs.
#[unsafe(no_mangle)]
extern "C" fn module_kicks() -> u64 {
    KICKS.fold(0, |sum, kicks| sum + kicks.load(Relaxed))
}

fn print(text: &str) {
    // SAFETY: rule 23, the hypervisor's function takes any text.
    unsafe { hypervisor::hypervisor_print(text.as_ptr(), text.len()) };
}
