//! An image whose platform makes the areas, as the feature `custom-base` of `percpu` has it.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::alloc::Layout;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::__priv::{PerCpuData, compat};

hv_boot::main!(main);

#[percpu_hv::__priv::def_percpu_data(crate = percpu_hv)]
static DATA: Option<u64> = Some(0x0123_4567_89ab_cdef);
#[percpu_hv::__priv::def_percpu_compat(crate = percpu_hv)]
static WORD: u64 = 0xfedc_ba98_7654_3210;

unsafe extern "C" {
    safe static __template_start: u8;
    safe static __template_end: u8;
}

/// The platform's distance between two areas.
const STRIDE: usize = 0x1000;

static AREAS: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// As platforms spell it.
#[unsafe(no_mangle)]
fn _percpu_base_ptr(cpu: usize) -> *mut u8 {
    AREAS.load(Ordering::Acquire).wrapping_add(cpu * STRIDE)
}

/// What a platform does before it calls `percpu`.
fn make_areas(machine: &'static Machine) {
    let (start, end) = (&raw const __template_start, &raw const __template_end);
    let size = end.addr() - start.addr();
    assert!((1..=STRIDE).contains(&size));
    let layout = Layout::from_size_align(machine.cpu_count() * STRIDE, STRIDE).expect("4 pages");
    let memory = machine
        .take_memory(layout)
        .expect("256 MiB hold a few areas");
    let areas: *mut u8 = memory.as_mut_ptr().cast();
    let template: *const u8 = ptr::with_exposed_provenance(start.expose_provenance());
    for cpu in 0..machine.cpu_count() {
        // SAFETY: rules 8 and 9, an area's part of the memory, and the template.
        unsafe { ptr::copy_nonoverlapping(template, areas.add(cpu * STRIDE), size) };
    }
    areas.expose_provenance();
    AREAS.store(areas, Ordering::Release);
}

fn main(machine: &'static Machine) -> ExitCode {
    make_areas(machine);
    println!("0.2: {}", compat::init_once());
    println!("in place: {:?}", compat::init_in_place());
    println!("given: {:?}", compat::init(ptr::null_mut(), 4));
    let _: &PerCpuData<Option<u64>> = &DATA;

    machine.run_on_all(|cpu| {
        let id = cpu.id();
        compat::init_percpu_reg(id);
        let base = _percpu_base_ptr(id).addr();
        assert_eq!(percpu_hv::read_percpu_reg(), base);
        assert_eq!(compat::percpu_area_base(id), base);
        assert_eq!(DATA.remote_ptr(id).addr(), base + DATA.offset());
        assert_eq!(DATA.read_current(), Some(0x0123_4567_89ab_cdef));
        assert_eq!(WORD.read_current(), 0xfedc_ba98_7654_3210);
        DATA.write_current(Some(id as u64));
        WORD.write_current(!(id as u64));
    });
    for cpu in 0..machine.cpu_count() {
        assert_eq!(DATA.read_remote(cpu), Some(cpu as u64));
        // SAFETY: rule 6: a valid id, and the other CPUs have no job now.
        assert_eq!(unsafe { *WORD.remote_ref_raw(cpu) }, !(cpu as u64));
    }
    println!("{} CPUs: ok", machine.cpu_count());

    // No area for this one.
    AREAS.store(ptr::null_mut(), Ordering::Release);
    compat::init_percpu_reg(0);
    ExitCode::SUCCESS
}
