//! The suite in a process whose threads have a `GS_BASE` each, in the areas of the linker script.
#![cfg(all(target_os = "linux", target_arch = "x86_64", feature = "linux-gs"))]

mod process;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::{panic, thread};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// One test, since a process has one init.
#[test]
fn the_suite_passes_with_a_register_of_the_processor() {
    process::passes(conformance::Areas::InPlace);
    defect_12_the_system_call_keeps_what_the_compiler_holds();
    defect_12_a_refusal_of_the_kernel_is_reported();
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
