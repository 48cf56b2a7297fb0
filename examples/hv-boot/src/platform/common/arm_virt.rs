//! QEMU's `virt` machine of both Arm architectures: PL011, PSCI, GIC, device tree, semihosting.

use core::arch::asm;

use dtoolkit::fdt::Fdt;
use smccc::psci::error::Error as Refusal;

use super::{
    device_tree::{self, Error},
    image, pl011,
    psci::Conduit,
};
use crate::machine::Machine;

/// What is left of the device tree.
#[derive(Debug)]
pub(crate) struct Description {
    /// How the firmware wants to be called.
    conduit: Conduit,
    /// The addresses of the GIC's registers: the distributor's, and the core's own.
    pub(in crate::platform) gic: [usize; 2],
    /// The physical address of the console's registers.
    pub(in crate::platform) uart: usize,
}

/// The number that tells cores apart: the affinity fields of `MPIDR`.
pub(crate) const HARDWARE_ID: &str = "MPIDR";

/// Where QEMU leaves the device tree for an ELF image, to which it passes the address 0: at the start of RAM.
const VIRT_TREE: usize = 0x4000_0000;

/// Reads the device tree at `address`, or where QEMU leaves it if that is 0; the machine has a `gic`. From then on the
/// console is the one that the tree names.
///
/// # Safety
///
/// `address` is 0 or what the boot protocol passed, and the boot core runs alone.
pub(in crate::platform) unsafe fn read(
    address: usize,
    gic: &'static str,
) -> Result<Machine, Error> {
    let address = if address == 0 { VIRT_TREE } else { address };
    let describe = |tree: Fdt<'_>| {
        Ok(Description {
            conduit: Conduit::of(tree)?,
            gic: device_tree::two_registers(tree, gic)?,
            uart: device_tree::console(tree, "arm,pl011")?,
        })
    };
    // SAFETY: rule 12: the boot protocol, or QEMU's manual, puts a tree here; the rest is the caller's promise.
    let machine = unsafe { device_tree::read(address, image::whole(), describe) }?;
    pl011::move_to(machine.platform.uart);
    pl011::enable();
    Ok(machine)
}

/// Starts the core `hardware_id` at `entry`, where it finds its CPU id in the first register: it reads no memory before
/// its caches are on.
pub(in crate::platform) fn start_core(
    machine: &Machine,
    id: usize,
    hardware_id: u64,
    entry: extern "C" fn() -> !,
) -> Result<(), Refusal> {
    publish();
    let entry = entry as *const () as usize;
    machine.platform.conduit.cpu_on(hardware_id, entry, id)
}

/// Stops the machine with a status.
pub(crate) fn exit(status: u8) -> ! {
    semihosting::process::exit(status.into())
}

/// Sleeps until another core calls [`send_event`]; may return early.
pub(crate) fn wait_for_event() {
    // SAFETY: rule 10. Not `nomem`: what another core wrote is read afterwards.
    unsafe { asm!("wfe", options(nostack, preserves_flags)) };
}

/// Wakes the cores in [`wait_for_event`], after all earlier writes are visible.
pub(crate) fn send_event() {
    publish();
    // SAFETY: rule 10. Not `nomem`: as above.
    unsafe { asm!("sev", options(nostack, preserves_flags)) };
}

/// Makes what this core wrote visible to the others.
fn publish() {
    // SAFETY: rule 10. Not `nomem`: it orders memory.
    unsafe { asm!("dsb sy", options(nostack, preserves_flags)) };
}
