//! Values that functions make, in every group, and what such a function finds of per-CPU variables.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::sync::atomic::{AtomicUsize, Ordering};

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{CpuId, def_percpu};

hv_boot::main!(main);

#[def_percpu(init = square)]
static PLAIN: u64;
#[def_percpu(init = square, hot)]
static HOT: u64;
#[def_percpu(init = square, read_mostly)]
static READ_MOSTLY: u64;
#[def_percpu(init = square, cache_aligned)]
static LINE: u64;
#[def_percpu(init = page, page_aligned)]
static PAGE: [u64; 512];

/// CPUs that the functions could reach.
static REACHED: AtomicUsize = AtomicUsize::new(0);

fn square(cpu: usize) -> u64 {
    REACHED.fetch_max(CpuId::all().len(), Ordering::Relaxed);
    (cpu * cpu) as u64
}

fn page(cpu: usize) -> [u64; 512] {
    core::array::from_fn(|index| index as u64 + square(cpu))
}

fn main(machine: &'static Machine) -> ExitCode {
    let init = match images::report(percpu_hv::init_in_place()) {
        Ok(count) => count,
        Err(status) => return status,
    };
    println!("reached: {}", REACHED.load(Ordering::Relaxed));
    machine.run_on_all(|cpu| {
        let id = cpu.id();
        percpu_hv::init_percpu_reg(id);
        let words = [
            &PLAIN.read_current(),
            &HOT.read_current(),
            &READ_MOSTLY.read_current(),
            &LINE.read_current(),
        ];
        assert_eq!(words, [&square(id); 4]);
        assert!(PAGE.with_current(|found| *found == page(id)));
    });
    println!("{init} CPUs: made");
    ExitCode::SUCCESS
}
