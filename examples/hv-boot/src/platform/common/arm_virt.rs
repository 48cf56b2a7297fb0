//! QEMU's `virt` machine of both Arm architectures: PL011, PSCI, GIC, device tree, semihosting.
//!
//! Before the caches are on, only [`Boot::run`], and the boot core's clearing of .bss, use memory. A secondary core
//! gets its CPU id in a register and computes its stack from it. So no core with its caches off depends on what is
//! only in another core's cache. The boot core discards what caches hold of the memory that it writes: an older line
//! must not shadow it once the caches are on.

#[cfg(target_arch = "aarch64")]
use core::ops::Range;

use dtoolkit::fdt::Fdt;
use smccc::psci::error::Error as Refusal;

use super::{
    arm, device_tree, image, pl011,
    psci::Conduit,
    tables::{self, Regime},
};
use crate::{
    boot_cell::BootCell,
    exit_code::ExitCode,
    platform::{self, fail},
};

/// What is left of the device tree.
pub(in crate::platform) struct Description {
    /// Where the device tree is.
    #[cfg(target_arch = "aarch64")]
    pub(in crate::platform) tree: usize,
    /// Where the initrd is.
    #[cfg(target_arch = "aarch64")]
    pub(in crate::platform) initrd: Option<Range<usize>>,
    /// The instruction that calls the firmware.
    conduit: Conduit,
    /// The addresses of the GIC's registers: the distributor's, and the core's own.
    pub(in crate::platform) gic: [usize; 2],
    /// The physical address of the console's registers.
    uart: usize,
}

static DESCRIPTION: BootCell<Option<Description>> = BootCell::new(None);

impl Description {
    /// What the boot core read.
    pub(in crate::platform) fn get() -> &'static Self {
        DESCRIPTION.kept().expect("the device tree was read")
    }
}

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
                #[cfg(target_arch = "aarch64")]
                tree: tree.data().as_ptr().addr(),
                #[cfg(target_arch = "aarch64")]
                initrd: device_tree::initrd(tree),
                conduit: Conduit::of(tree)?,
                gic: device_tree::two_registers(tree, self.gic)?,
                uart: device_tree::console(tree, "arm,pl011")?,
            })
        };
        // SAFETY: rule 11, rule 12: the caller's promise, or QEMU's manual, for the tree; one core runs, its MMU off.
        unsafe {
            let read = device_tree::read(tree, image::whole(), describe);
            platform::run_image(read, |machine, description| {
                let uart = DESCRIPTION.keep(description).uart;
                pl011::move_to(uart);
                pl011::enable();
                tables::build(machine, uart, self.regime);
                (self.enable_mmu)();
            })
        }
    }
}

/// Defines `start_core`, and where PSCI starts the other cores. `$keep` moves the CPU id from the first register to one
/// that functions preserve, `$id` moves it back.
macro_rules! define_start_core {
    ($keep:literal, $id:literal) => {
        /// Where PSCI starts the other cores, with the CPU id in the first register.
        #[unsafe(naked)]
        extern "C" fn secondary_start() -> ! {
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
                serve = sym $crate::platform::serve,
            )
        }

        /// Starts the core `hardware_id` as CPU `id`.
        pub(crate) fn start_core(
            id: usize,
            hardware_id: u64,
        ) -> Result<(), ::smccc::psci::error::Error> {
            $crate::platform::common::arm_virt::start_core(id, hardware_id, secondary_start)
        }
    };
}
pub(in crate::platform) use define_start_core;

/// Starts the core `hardware_id` at `entry`, where it finds its CPU id in the first register: it reads no memory before
/// its caches are on.
pub(in crate::platform) fn start_core(
    id: usize,
    hardware_id: u64,
    entry: extern "C" fn() -> !,
) -> Result<(), Refusal> {
    arm::publish();
    let entry = entry as *const () as usize;
    let Description { conduit, .. } = Description::get();
    conduit.cpu_on(hardware_id, entry, id)
}

/// Switches this core off. Returns only if the firmware refuses.
#[cfg(target_arch = "aarch64")]
pub(in crate::platform) fn switch_off() -> Refusal {
    arm::publish();
    let Description { conduit, .. } = Description::get();
    conduit.cpu_off()
}

/// Returns whether the core `hardware_id` is off.
#[cfg(target_arch = "aarch64")]
pub(in crate::platform) fn is_off(hardware_id: u64) -> bool {
    let Description { conduit, .. } = Description::get();
    conduit.is_off(hardware_id)
}
