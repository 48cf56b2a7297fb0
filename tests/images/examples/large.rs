//! 70 KiB of variables.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::def_percpu;

hv_boot::main!(main);

// One of the two small ones is out of a 16-bit offset's reach, in whatever order they are linked.
#[def_percpu]
static BEFORE: u64 = 1;
#[def_percpu]
static LARGE: [u8; 70 << 10] = [0x5a; 70 << 10];
#[def_percpu]
static AFTER: u64 = 2;

fn main(machine: &'static Machine) -> ExitCode {
    if let Err(status) = images::report(percpu_hv::init_in_place()) {
        return status;
    }
    machine.run_on_all(|cpu| {
        let id = cpu.id();
        percpu_hv::init_percpu_reg(id);
        assert_eq!((BEFORE.read_current(), AFTER.read_current()), (1, 2));
        LARGE.with_current(|large| {
            assert!(large.iter().all(|&byte| byte == 0x5a));
            large.fill(id as u8);
        });
        BEFORE.write_current(100 + id as u64);
        AFTER.write_current(200 + id as u64);
    });
    for cpu in 0..machine.cpu_count() {
        // SAFETY: rule 6: a valid id, after init; the other CPUs have no job now.
        let (before, large, after) = unsafe {
            (
                *BEFORE.remote_ref_raw(cpu),
                LARGE.remote_ref_raw(cpu),
                *AFTER.remote_ref_raw(cpu),
            )
        };
        assert_eq!((before, after), (100 + cpu as u64, 200 + cpu as u64));
        assert!(large.iter().all(|&byte| usize::from(byte) == cpu));
    }
    println!("{} CPUs: ok", machine.cpu_count());
    ExitCode::SUCCESS
}
