//! The suite in a process: threads play CPUs.
#![cfg(target_os = "linux")]

use std::alloc::Layout;
use std::fmt::Arguments;
use std::mem::MaybeUninit;
use std::thread;

use conformance::{Areas, Count, Machine};

struct Process {
    cpus: usize,
}

impl Machine for Process {
    fn cpu_count(&self) -> usize {
        self.cpus
    }

    fn run_on_all(&self, job: &(dyn Fn(usize) + Sync)) {
        thread::scope(|scope| {
            for cpu in 0..self.cpus {
                scope.spawn(move || {
                    percpu_hv::init_percpu_reg(cpu);
                    job(cpu);
                });
            }
        });
    }

    fn take_memory(&self, layout: Layout) -> &'static mut [MaybeUninit<u8>] {
        let memory = Vec::leak(vec![MaybeUninit::uninit(); layout.size() + layout.align()]);
        let start = memory.as_ptr().align_offset(layout.align());
        &mut memory[start..start + layout.size()]
    }

    fn print(&self, line: Arguments<'_>) {
        println!("{line}");
    }
}

#[test]
fn the_suite_passes_in_a_process() {
    let process = Process { cpus: 4 };
    let before = conformance::before_init(&process, Areas::Given).unwrap();
    let count = before.and(conformance::after_init(&process));
    println!("{count}");
    assert_eq!(
        count,
        Count {
            passed: 28,
            failed: 0
        }
    );
}
