//! Hot variables among others, and small ones in an order that would waste space.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::def_percpu;

hv_boot::main!(main);

#[def_percpu]
static FIRST: u8 = 1;
#[def_percpu]
static SECOND: u64 = 2;
#[def_percpu]
static THIRD: u8 = 3;
#[def_percpu]
static FOURTH: u32 = 4;
#[def_percpu]
static FIFTH: u16 = 5;
#[def_percpu(hot)]
static HOT: u64 = 6;
#[def_percpu(hot)]
static HOT_TOO: [u64; 16] = [7; 16];

fn main(machine: &'static Machine) -> ExitCode {
    if let Err(status) = images::report(percpu_hv::init_in_place()) {
        return status;
    }
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        HOT.add_current(cpu.id() as u64);
        HOT_TOO.with_current(|words| words[15] += HOT.read_current());
        let sum = u64::from(FIRST.read_current())
            + SECOND.read_current()
            + u64::from(THIRD.read_current())
            + u64::from(FOURTH.read_current())
            + u64::from(FIFTH.read_current());
        assert_eq!(sum, 15);
        assert_eq!(
            HOT_TOO.with_current(|words| words[15]),
            13 + cpu.id() as u64
        );
    });
    println!("{} CPUs: ok", machine.cpu_count());
    ExitCode::SUCCESS
}
