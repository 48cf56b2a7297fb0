//! The init functions of the compat crates: before init, once, again, elsewhere, and back in place.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::__priv::compat;
use percpu_hv::def_percpu;

hv_boot::main!(main);

#[def_percpu]
static VALUE: u64 = 0x5eed;

fn main(machine: &'static Machine) -> ExitCode {
    let cpus = machine.cpu_count();
    let early = compat::percpu_area_base_early(cpus - 1);
    compat::init_percpu_reg_early(0);
    println!("0.2, first: {}", compat::init_once());
    println!("0.2, again: {}", compat::init_once());
    compat::init_for(cpus);
    assert_eq!(percpu_hv::percpu_area_base(cpus - 1), early);
    // The boot CPU set its register already.
    assert_eq!(VALUE.read_current(), 0x5eed);

    let every_cpu_finds_the_initial_value = || {
        machine.run_on_all(|cpu| {
            // Any CPU may take any area, and leave it.
            compat::init_percpu_reg_early((cpu.id() + 1) % cpus);
            compat::init_percpu_reg((cpu.id() + 2) % cpus);
            compat::init_percpu_reg(cpu.id());
            assert_eq!(VALUE.read_current(), 0x5eed);
            VALUE.write_current(cpu.id() as u64);
        });
    };
    every_cpu_finds_the_initial_value();

    println!("0.4, in place again: {:?}", compat::init_in_place());
    machine.run_on_all(|cpu| assert_eq!(VALUE.read_current(), cpu.id() as u64));

    // As `percpu` does, from the template; where that is area 0, from what CPU 0 made of it.
    VALUE.reset_to_init();
    let layout = percpu_hv::percpu_area_layout_expected(cpus);
    let memory = machine
        .take_memory(layout)
        .expect("256 MiB hold a few areas");
    let base: *mut u8 = memory.as_mut_ptr().cast();
    println!("0.4, elsewhere: {:?}", compat::init(base, cpus));
    assert_eq!(percpu_hv::percpu_area_base(0), base.addr());
    every_cpu_finds_the_initial_value();
    println!("0.4, back in place: {:?}", compat::init_in_place());
    assert_eq!(compat::percpu_area_base_early(cpus - 1), early);
    every_cpu_finds_the_initial_value();
    println!("0.2, at last: {}", compat::init_once());
    ExitCode::SUCCESS
}
