//! Areas in memory that the image hands over: what is refused, and what works. Ends with a panic, since a
//! CPU id that has no area is one.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::ptr;

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{InitError, def_percpu, init_from};

hv_boot::main!(main);

#[def_percpu]
static VALUE: u32 = 0xfeed;

unsafe extern "C" {
    safe static _percpu_load_start: u8;
}

fn init(base: *mut u8, cpu_count: usize) -> Result<usize, InitError> {
    // SAFETY: rule 9: it is refused, but for memory of the layout that was taken for good.
    unsafe { percpu_hv::init(base, cpu_count) }
}

fn main(machine: &'static Machine) -> ExitCode {
    let cpus = machine.cpu_count();
    let reserved = percpu_hv::percpu_area_num();
    let layout = percpu_hv::percpu_area_layout_expected(cpus);
    let memory = machine
        .take_memory(layout)
        .expect("256 MiB hold a few areas");
    let base: *mut u8 = memory.as_mut_ptr().cast();
    let template = (&raw const _percpu_load_start).cast_mut();

    println!("null: {:?}", init(ptr::null_mut(), cpus));
    println!("odd: {:?}", init(base.wrapping_add(1), cpus));
    println!("no cpu: {:?}", init(base, 0));
    println!("too many: {:?}", init(base, usize::MAX));
    let top = ptr::without_provenance_mut(usize::MAX & !0xffff);
    println!("wraps: {:?}", init(top, 1 << 16));
    println!(
        "template: {:?}",
        init(template.wrapping_sub(layout.align()), 4)
    );
    let short = machine.take_memory(layout).expect("room for a second one");
    let short = &mut short[..layout.size() - 1];
    println!(
        "short: {}",
        init_from(short, cpus).is_err_and(|error| matches!(
            error,
            InitError::TooSmall { needed, given } if needed == layout.size() && given + 1 == needed
        ))
    );
    // Nothing of that left a trace.
    assert_eq!(percpu_hv::percpu_area_num(), reserved);

    println!("good: {:?}", init(base, cpus));
    println!(
        "areas: {} reserved, {} in use",
        reserved,
        percpu_hv::percpu_area_num()
    );
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        assert_eq!(VALUE.read_current(), 0xfeed);
        VALUE.write_current(cpu.id() as u32);
    });
    let stride = layout.size() / cpus;
    for cpu in 0..cpus {
        assert_eq!(percpu_hv::percpu_area_base(cpu), base.addr() + cpu * stride);
        // SAFETY: rule 6: a valid id, after init; the other CPUs have no job now.
        assert_eq!(unsafe { *VALUE.remote_ref_raw(cpu) }, cpu as u32);
    }
    println!("values: ok");
    percpu_hv::init_percpu_reg(cpus);
    ExitCode::SUCCESS
}
