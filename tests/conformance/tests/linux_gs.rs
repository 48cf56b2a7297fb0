//! The suite in a process whose threads have a `GS_BASE` each, in the areas of the linker script.
#![cfg(all(target_os = "linux", target_arch = "x86_64", feature = "linux-gs"))]

mod process;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{alloc, panic, ptr, thread};

use percpu_hv::{CpuPin, def_percpu};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// One test, since a process has one init.
#[test]
fn the_suite_passes_with_a_register_of_the_processor() {
    process::passes(conformance::Areas::InPlace);
    defect_12_the_system_call_keeps_what_the_compiler_holds();
    defect_12_a_refusal_of_the_kernel_is_reported();
    a_register_that_is_written_has_its_self_pointer();
}

/// Arguments stay in their registers, rcx among them, which `syscall` overwrites.
#[inline(never)]
fn call_among(a: u64, b: u64, c: u64, d: u64, base: usize) -> [u64; 4] {
    // SAFETY: rule 2, the base of an area that this thread alone uses now.
    unsafe { percpu_hv::write_percpu_reg(base) };
    [a, b, c, d]
}

fn defect_12_the_system_call_keeps_what_the_compiler_holds() {
    let base = percpu_hv::percpu_area_base(0);
    assert_eq!(call_among(1, 2, 3, 4, black_box(base)), [1, 2, 3, 4]);
    assert_eq!(percpu_hv::read_percpu_reg(), base);
}

fn defect_12_a_refusal_of_the_kernel_is_reported() {
    let refused = thread::spawn(|| {
        let arch_prctl = BTreeMap::from([(158, Vec::new())]);
        let denied = SeccompAction::Errno(1);
        let filter =
            SeccompFilter::new(arch_prctl, SeccompAction::Allow, denied, TargetArch::x86_64)
                .unwrap();
        seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
        panic::catch_unwind(|| percpu_hv::init_percpu_reg(0)).unwrap_err()
    });
    let refused = refused.join().unwrap();
    let sentence = refused.downcast_ref::<String>().unwrap();
    assert!(
        sentence.contains("the kernel refuses to write GS_BASE (arch_prctl: error 1)"),
        "{sentence}"
    );
}

/// Pointers come from what the area says of itself, which no init wrote in a copy that is the user's own.
fn a_register_that_is_written_has_its_self_pointer() {
    unsafe extern "C" {
        safe static _percpu_load_start: u8;
    }
    #[def_percpu]
    static SHARED: AtomicU64 = AtomicU64::new(7);
    #[def_percpu]
    static TABLE: [u16; 3] = [1, 2, 3];

    let layout = percpu_hv::percpu_area_layout_expected(1);
    // SAFETY: rule 9: a layout that is not empty, and memory that is never freed.
    let copy = unsafe { alloc::alloc(layout) };
    assert!(!copy.is_null());
    let template = ptr::with_exposed_provenance((&raw const _percpu_load_start).addr());
    // SAFETY: rules 8 and 9: both have as many bytes, and are apart.
    unsafe { ptr::copy_nonoverlapping(template, copy, percpu_hv::percpu_area_size()) };
    let base = copy.expose_provenance();
    thread::spawn(move || {
        // SAFETY: rule 2, an area that this thread alone uses.
        unsafe { percpu_hv::write_percpu_reg(base) };
        assert_eq!(percpu_hv::read_percpu_reg(), base);
        // SAFETY: rules 2 and 5, of this thread's own area.
        let table = unsafe { TABLE.current_ref_raw() };
        assert_eq!(ptr::from_ref(table).addr(), base + TABLE.offset());
        assert_eq!(*table, [1, 2, 3]);
        // Debug builds refuse a guard where the area is not one of init's.
        if cfg!(not(debug_assertions)) {
            let pin = CpuPin::new();
            let shared = SHARED.get(&pin);
            assert_eq!(ptr::from_ref(shared).addr(), base + SHARED.offset());
            assert_eq!(shared.load(Ordering::Relaxed), 7);
        }
    })
    .join()
    .unwrap();
}
