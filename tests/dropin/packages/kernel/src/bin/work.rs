//! Work of the scheduler on one CPU, and the time that it takes by the kernel's clock. Under QEMU's `-icount shift=0` an
//! instruction takes a nanosecond.

#![no_std]
#![no_main]

use axstd::{println, thread, time::Instant};

const SWITCHES: usize = 100_000;
const TASKS: usize = 10_000;

#[unsafe(no_mangle)]
fn main() {
    // Both are always ready, so each yield is a switch to the other one.
    let other = thread::spawn(|| yields(SWITCHES / 2));
    report("switch", SWITCHES, || yields(SWITCHES / 2));
    other.join().expect("a task ends");

    report("task", TASKS, || {
        for _ in 0..TASKS {
            thread::spawn(|| ()).join().expect("a task ends");
        }
    });
}

fn yields(times: usize) {
    for _ in 0..times {
        thread::yield_now();
    }
}

fn report(name: &str, times: usize, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    println!("{name}: {times}, {}", start.elapsed().as_nanos());
}
