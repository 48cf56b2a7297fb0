//! Written for ax-percpu, its accesses rewritten.

#![no_std]

use percpu_hv::{CpuPin, IrqOff, def_percpu};

#[def_percpu]
static VMID: u16 = 0;

/// Enters a virtual machine.
pub fn enter(vmid: u16) -> u16 {
    let pin = CpuPin::new();
    VMID.write(&pin, vmid);
    VMID.read(&pin)
}

/// Leaves it.
pub fn leave() {
    let _irq = IrqOff::new();
    VMID.write_current(0);
}
