//! QEMU's `virt` machine of both Arm architectures: PL011, PSCI, GIC, device tree, semihosting.
//!
//! Before the caches are on, only [`Boot::run`], and the boot core's clearing of .bss, use memory. A secondary core
//! gets its CPU id in a register and computes its stack from it. So no core with its caches off depends on what is
//! only in another core's cache. The boot core discards what caches hold of the memory that it writes: an older line
//! must not shadow it once the caches are on.

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
    /// The instruction that calls the firmware.
    conduit: Conduit,
    /// The addresses of the GIC's registers: the distributor's, and the core's own.
    pub(in crate::platform) gic: [usize; 2],
    /// The physical address of the console's registers.
    pub(in crate::platform) uart: usize,
}

/// The number that identifies a core: the affinity fields of `MPIDR`.
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
            let reason = format_args!("started at {here}, but this image runs at {wanted}");
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

/// Defines where PSCI starts the other cores. `$keep` moves the CPU id from the first register to one that functions
/// preserve, `$id` moves it back.
macro_rules! define_secondary_start {
    ($keep:literal, $id:literal) => {
        /// Where PSCI starts the other cores, with the CPU id in the first register.
        #[unsafe(naked)]
        pub(super) extern "C" fn secondary_start() -> ! {
            naked_asm!(
                $keep,
                "bl     {prepare}",
                $id,
                "bl     {set_stacks}",
                "bl     {enable_mmu}",
                $id,
                "bl     {serve}",
                prepare = sym prepare,
                set_stacks = sym set_stacks,
                enable_mmu = sym enable_mmu,
                serve = sym $crate::cores::serve,
            )
        }
    };
}
pub(in crate::platform) use define_secondary_start;

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
