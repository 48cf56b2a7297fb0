//! Variables as a hypervisor has them.

#![no_std]

/// The virtual machine that runs on this CPU.
#[percpu::def_percpu]
pub static VMID: u8 = 0;

/// Marks this CPU as idle.
pub fn idle() {
    VMID.write_current(0);
    assert_eq!(VMID.read_current(), 0);
}

/// Marks a CPU that is not up yet, by methods that variables have with `custom-base` only.
#[cfg(feature = "custom-base")]
pub fn prepare(cpu: usize) {
    // SAFETY: rule 6, the CPU is not up.
    unsafe { VMID.write_remote(cpu, 1) };
    assert_eq!(VMID.read_remote(cpu), 1);
}
