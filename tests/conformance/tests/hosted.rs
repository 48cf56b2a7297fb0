//! The suite in a process, in memory of the heap.
#![cfg(target_os = "linux")]

mod process;

#[test]
fn the_suite_passes_in_a_process() {
    process::passes(conformance::Areas::Given);
}
