//! The conformance suite of percpu-hv on all cores of the machine, and tests that need a machine.

mod attacks;
mod interrupts;
mod scalars;

use core::{alloc::Layout, fmt::Arguments, mem::MaybeUninit};

use conformance::{Areas, Count};

use crate::{ExitCode, Machine, println};

impl conformance::Machine for Machine {
    fn cpu_count(&self) -> usize {
        Self::cpu_count(self)
    }

    fn run_on_all(&self, job: &(dyn Fn(usize) + Sync)) {
        Self::run_on_all(self, |cpu| {
            percpu_hv::init_percpu_reg(cpu.id());
            job(cpu.id());
        });
    }

    fn take_memory(&self, layout: Layout) -> &'static mut [MaybeUninit<u8>] {
        Self::take_memory(self, layout).expect("the machine has memory for the areas")
    }

    fn print(&self, line: Arguments<'_>) {
        println!("{line}");
    }
}

/// Runs the suite with the areas in the image or in given memory.
pub fn run(machine: &Machine, areas: Areas) -> ExitCode {
    let (cpus, level) = (machine.cpu_count(), machine.boot_cpu().level());
    let code = (run as *const ()).addr();
    println!("selftest: {cpus} CPUs at {level}, code at {code:#x}");
    let before = match conformance::before_init(machine, areas) {
        Ok(count) => count,
        Err(error) => {
            println!("selftest: {error}");
            return ExitCode::FAILURE;
        }
    };
    let count = before
        .and(scalars::hold_on_all_cores(machine))
        .and(conformance::after_init(machine))
        .and(interrupts::keep_counts(machine))
        .and(interrupts::count_in_assembly(machine))
        .and(interrupts::end_reservations(machine));
    verdict(count)
}

/// Runs additions and attacks by timer interrupts, for a machine that takes interrupts between any two instructions.
/// Controls lose counts and see torn values, so that the tests can fail.
///
/// # Panics
///
/// If the linker script reserves no areas.
pub fn run_interrupts(machine: &Machine) -> ExitCode {
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    let count = interrupts::keep_counts(machine)
        .and(interrupts::end_reservations(machine))
        .and(interrupts::end_as_they_began(machine))
        .and(interrupts::lose_counts(machine))
        .and(attacks::attack_every_kind(machine));
    verdict(count)
}

fn verdict(count: Count) -> ExitCode {
    println!("{count}");
    match count.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
