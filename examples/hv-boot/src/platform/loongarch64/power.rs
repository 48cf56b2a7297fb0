//! Stopping the machine.

use super::{ipi, pci, windows};
use crate::machine::published;

/// The registers that stop the machine.
#[derive(Debug)]
pub(super) struct Power {
    /// The byte that the device tree's `syscon-poweroff` says to write where: QEMU ends with status 0.
    pub(super) off: (usize, u8),
    /// The events register of pvpanic, by which QEMU ends with status 1.
    pub(super) panic: usize,
}

/// `PVPANIC_PANICKED` (QEMU, docs/specs/pvpanic.rst).
const PANICKED: u8 = 1 << 0;

/// Stops the machine with status 0, or with 1 for any other.
pub(crate) fn exit(status: u8) -> ! {
    match (status, published().map(|machine| &machine.platform.power)) {
        (0, Some(power)) => write(power.off.0, power.off.1),
        (_, Some(power)) => write(power.panic, PANICKED),
        // Before the device tree is read nothing has succeeded.
        // SAFETY: rule 12: QEMU's `virt` machine has the host bridge there, and one core runs.
        (_, None) => match unsafe { pci::find_panic_register(&pci::VIRT_HOST) } {
            Some(panic) => write(panic, PANICKED),
            None => super::write(format_args!("hv-boot: no pvpanic-pci to stop QEMU with\n")),
        },
    }
    // The devices act at once; if not, the machine cannot be stopped.
    loop {
        ipi::wait_for_event();
    }
}

fn write(register: usize, value: u8) {
    // SAFETY: rule 12: a register of one byte, which the device tree or PCI named; writing it ends the machine.
    unsafe { windows::device::<u8>(register).write_volatile(value) };
}
