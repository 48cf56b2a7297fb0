//! A process as a machine: threads play CPUs.

use std::alloc::Layout;
use std::fmt::Arguments;
use std::mem::MaybeUninit;
use std::thread;

use conformance::{Areas, Count, Machine};

/// A machine of threads.
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

/// Runs the suite on 4 threads.
pub(crate) fn passes(areas: Areas) {
    let process = Process { cpus: 4 };
    let before = conformance::before_init(&process, areas).unwrap();
    let count = before.and(conformance::after_init(&process));
    println!("{count}");
    assert_eq!(
        count,
        Count {
            passed: 89,
            failed: 0
        }
    );
}
