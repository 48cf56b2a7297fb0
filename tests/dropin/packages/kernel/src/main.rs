//! Tasks on all CPUs of an ArceOS kernel count in per-CPU variables, one of them defined through
//! `percpu`, the other one through percpu-hv. No count is lost.

#![no_std]
#![no_main]

use axstd::{
    hint,
    os::arceos::api::{
        config::plat::MAX_CPU_NUM as CPUS,
        task::{AxCpuMask, ax_set_current_affinity},
    },
    println, thread,
    vec::Vec,
};

const TASKS_PER_CPU: usize = 4;
const ROUNDS: usize = 2_000;
/// Turns of a loop amid an addition: a preemptible kernel switches tasks there.
const DELAY: usize = if cfg!(feature = "preempt") {
    2_000
} else {
    100
};

#[percpu::def_percpu]
static COUNT: usize = 0;

#[percpu_hv::def_percpu]
static OWN_COUNT: usize = 0;

#[unsafe(no_mangle)]
fn main() {
    let tasks: Vec<_> = (0..CPUS * TASKS_PER_CPU)
        .map(|task| thread::spawn(move || count_on(task % CPUS)))
        .collect();
    for task in tasks {
        task.join().expect("a task ends");
    }
    let (mut sum, mut own_sum) = (0, 0);
    for cpu in 0..CPUS {
        // SAFETY: rule 6, the CPU exists, and its tasks have ended.
        let (count, own_count) = unsafe { (*COUNT.remote_ptr(cpu), *OWN_COUNT.remote_ptr(cpu)) };
        println!("CPU {cpu}: {count}, {own_count}");
        sum += count;
        own_sum += own_count;
    }
    println!("sum on {CPUS} CPUs: {sum}, {own_sum}");
    println!("expected: {}", CPUS * TASKS_PER_CPU * ROUNDS);
}

fn count_on(cpu: usize) {
    ax_set_current_affinity(AxCpuMask::one_shot(cpu)).expect("the CPU exists");
    for round in 0..ROUNDS {
        COUNT.with_current(|count| {
            let before = *count;
            for _ in 0..DELAY {
                hint::spin_loop();
            }
            *count = before + 1;
        });
        OWN_COUNT.add_current(1);
        // A yield starts a new time slice: where no task yields, the timer takes the CPU away.
        if cfg!(not(feature = "preempt")) && round % 100 == 0 {
            thread::yield_now();
        }
    }
}
