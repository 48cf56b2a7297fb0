//! Stopping the machine by SiFive's test device (QEMU, hw/misc/sifive_test.c), since SBI's system reset carries no
//! status.

use core::{
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Where QEMU's `virt` machine has the device, for failures before the device tree is read.
const VIRT_TEST: usize = 0x10_0000;

const PASS: u32 = 0x5555;
/// With the status in the upper half.
const FAIL: u32 = 0x3333;

static ADDRESS: AtomicUsize = AtomicUsize::new(VIRT_TEST);

/// Stops the machine through the register at `address` from now on.
pub(super) fn move_to(address: usize) {
    ADDRESS.store(address, Ordering::Relaxed);
}

/// Stops the machine with a status.
pub(crate) fn exit(status: u8) -> ! {
    let value = match status {
        0 => PASS,
        _ => u32::from(status) << 16 | FAIL,
    };
    let register = ptr::with_exposed_provenance_mut::<u32>(ADDRESS.load(Ordering::Relaxed));
    // SAFETY: rule 12: the device tree, or QEMU's `virt` machine, has the device here; writing it ends the machine.
    unsafe { register.write_volatile(value) };
    // The device acts at once; if not, the machine cannot be stopped.
    loop {
        riscv::asm::wfi();
    }
}
