//! QEMU's `virt` machine of both Arm architectures: PL011, PSCI, GIC, device tree, semihosting.
//!
//! Nothing but [`Boot::run`] reads or writes memory before the caches are on, apart from the boot core's clearing of
//! .bss: a secondary core gets its CPU id in a register and computes its stack from it. So no core with its caches off
//! depends on what another has only in a cache, and no stack line that a cache holds already shadows what is written
//! past it.

use core::arch::asm;

use dtoolkit::fdt::Fdt;
use smccc::psci::error::Error as Refusal;

use super::{
    device_tree, image, pl011,
    psci::Conduit,
    tables::{self, Regime},
};
use crate::{
    exit::{ExitCode, fail},
    machine::Machine,
    platform,
};

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

/// The boot core in Rust, its MMU off, and what only the architecture knows.
pub(in crate::platform) struct Boot {
    /// What the device tree calls the GIC.
    pub(in crate::platform) gic: &'static str,
    /// Where the image runs, if this core is elsewhere.
    pub(in crate::platform) wanted: Option<&'static str>,
    pub(in crate::platform) regime: Regime,
    pub(in crate::platform) enable_mmu: extern "C" fn(),
}

impl Boot {
    /// Reads the device tree at `tree`, or where QEMU leaves it if that is 0, turns the MMU on and runs the image.
    ///
    /// # Safety
    ///
    /// Called once, by the boot core, which runs alone; `tree` is 0 or what the boot protocol passed.
    pub(in crate::platform) unsafe fn run(self, tree: usize) -> ! {
        pl011::enable();
        if let Some(wanted) = self.wanted {
            let here = platform::privilege();
            let reason = format_args!("started in {here}, but this image runs in {wanted}");
            fail(ExitCode::BOOT, reason);
        }
        let tree = if tree == 0 { VIRT_TREE } else { tree };
        let describe = |tree: Fdt<'_>| {
            Ok(Description {
                conduit: Conduit::of(tree)?,
                gic: device_tree::two_registers(tree, self.gic)?,
                uart: device_tree::console(tree, "arm,pl011")?,
            })
        };
        // SAFETY: rule 11, rule 12: the caller's promise, or QEMU's manual, for the tree; one core runs, its MMU off.
        unsafe {
            let machine = device_tree::read(tree, image::whole(), describe);
            platform::run_image(machine, |machine| {
                pl011::move_to(machine.platform.uart);
                pl011::enable();
                tables::build(machine, self.regime);
                (self.enable_mmu)();
            })
        }
    }
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
