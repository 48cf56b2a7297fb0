//! Variables as a hypervisor has them, in the form that `custom-base` gives them.

#![no_std]

/// Changed through the methods that only `custom-base` has.
#[percpu::def_percpu]
pub static VMID: u8 = 0;

/// Marks a CPU that is not up yet.
pub fn prepare(cpu: usize) {
    // SAFETY: the CPU is not up.
    unsafe { VMID.write_remote(cpu, 1) };
    assert_eq!(VMID.read_remote(cpu), 1);
}
