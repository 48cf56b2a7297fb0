//! The interrupt controller, a GICv2 (Arm IHI 0048) without the Security Extensions, as far as a core's own interrupts
//! need it.

use core::ptr;

use arm_gic::{IntId, InterruptGroup, gicv2::GicV2};
use spin::Mutex;

use crate::machine;

/// What the device tree calls it. Its registers are the distributor's and the CPU interface's.
pub(super) const COMPATIBLE: &str = "arm,cortex-a15-gic";

/// The GIC as this core sees it: its CPU interface, and the registers of its own interrupts, are at the same addresses
/// as every core's (IHI 0048, "Banking").
///
/// # Safety
///
/// No other core uses the rest of the distributor meanwhile.
unsafe fn gic() -> GicV2<'static> {
    let machine = machine::published().expect("the device tree was read");
    let [distributor, cpu_interface] = machine.platform.gic;
    // SAFETY: rule 12: the device tree names them, and the caller keeps others off.
    unsafe {
        GicV2::new(
            ptr::with_exposed_provenance_mut(distributor),
            ptr::with_exposed_provenance_mut(cpu_interface),
        )
    }
}

/// Locked while a core sets itself up.
static SETUP: Mutex<()> = Mutex::new(());

/// Lets `interrupt`, one of the core's own, reach this core.
pub(super) fn enable(interrupt: IntId) {
    let _guard = SETUP.lock();
    // SAFETY: rule 12: the lock makes this core the only user of the distributor.
    let mut gic = unsafe { gic() };
    // Every core writes the same to what they share.
    gic.setup();
    gic.set_interrupt_priority(interrupt, 0x80);
    let enabled = gic.enable_interrupt(interrupt, true);
    enabled.expect("an interrupt of the core's own");
}

/// Takes the interrupt that this core was interrupted by: `interrupt`, which `handler` ends the cause of.
///
/// # Panics
///
/// If it is another one.
pub(super) fn handle(interrupt: IntId, handler: fn()) {
    // SAFETY: rule 12: only the CPU interface is used, which is this core's.
    let mut gic = unsafe { gic() };
    // None is pending if its cause has ended.
    let Some(taken) = gic.get_and_acknowledge_interrupt(InterruptGroup::Group0) else {
        return;
    };
    assert_eq!(taken, interrupt, "an interrupt that nobody enabled");
    handler();
    // The GIC sees that the cause has ended before the interrupt does.
    aarch32_cpu::asm::isb();
    gic.end_interrupt(taken, InterruptGroup::Group0);
}
