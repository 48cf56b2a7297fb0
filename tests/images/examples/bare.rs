//! An image without a variable of its own.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine, println};

hv_boot::main!(main);

fn main(machine: &'static Machine) -> ExitCode {
    println!("before init: {}", percpu_hv::percpu_area_num());
    let count = match images::report(percpu_hv::init_in_place()) {
        Ok(count) => count,
        Err(status) => return status,
    };
    println!("after init: {}", percpu_hv::percpu_area_num());
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        assert_eq!(
            percpu_hv::read_percpu_reg(),
            percpu_hv::percpu_area_base(cpu.id())
        );
    });
    for cpu in 1..count {
        assert!(percpu_hv::percpu_area_base(cpu) > percpu_hv::percpu_area_base(cpu - 1));
    }
    ExitCode::SUCCESS
}
