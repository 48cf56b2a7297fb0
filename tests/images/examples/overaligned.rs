//! Variables of large alignment, one that stands first, and a template that stays as it was linked.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::{hint, ptr};

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::def_percpu;

hv_boot::main!(main);

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(256))]
struct Line256(u64);

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(4096))]
struct Page(u64);

#[def_percpu]
static SMALL: u8 = 1;
#[def_percpu]
static LINE: Line256 = Line256(256);
#[def_percpu]
static PAGE: Page = Page(4096);

/// Where an access could use the shortest offset.
#[unsafe(link_section = "percpu_hot")]
static HOT: u64 = 0x4057;

unsafe extern "C" {
    safe static _percpu_load_start: u8;
    safe static _percpu_load_end: u8;
}

/// Of the template's bytes as they are now.
fn checksum() -> u64 {
    let (start, end) = (&raw const _percpu_load_start, &raw const _percpu_load_end);
    (start.addr()..end.addr()).fold(0, |sum: u64, address| {
        let byte: *const u8 = ptr::with_exposed_provenance(address);
        // SAFETY: rule 8: between the template's bounds, which nobody writes.
        let byte = unsafe { byte.read_volatile() };
        sum.rotate_left(7) ^ u64::from(byte)
    })
}

fn main(machine: &'static Machine) -> ExitCode {
    let before = checksum();
    if let Err(status) = images::report(percpu_hv::init_in_place()) {
        return status;
    }
    println!(
        "hot: {:#x}, template: {:#x}",
        hint::black_box(&raw const HOT).addr(),
        (&raw const _percpu_load_start).addr()
    );
    machine.run_on_all(|cpu| {
        let id = cpu.id();
        percpu_hv::init_percpu_reg(id);
        // SAFETY: rules 2 and 5: this CPU's register is set, and nothing moves the context.
        let (line, page) = unsafe { (LINE.current_ptr(), PAGE.current_ptr()) };
        println!("cpu {id}: {} {}", line.addr() % 256, page.addr() % 4096);
        LINE.with_current(|line| {
            assert_eq!(*line, Line256(256));
            line.0 = id as u64;
        });
        PAGE.with_current(|page| {
            assert_eq!(*page, Page(4096));
            page.0 = !(id as u64);
        });
        assert_eq!(SMALL.read_current(), 1);
        SMALL.write_current(100 + id as u8);
    });
    for cpu in 0..machine.cpu_count() {
        // SAFETY: rule 6: a valid id, after init; the other CPUs have no job now.
        let found = unsafe {
            (
                *SMALL.remote_ref_raw(cpu),
                *LINE.remote_ref_raw(cpu),
                *PAGE.remote_ref_raw(cpu),
            )
        };
        let expected = (100 + cpu as u8, Line256(cpu as u64), Page(!(cpu as u64)));
        assert_eq!(found, expected);
    }
    let after = checksum();
    println!("template: {before:#x}, then {after:#x}");
    assert_eq!(before, after);
    ExitCode::SUCCESS
}
