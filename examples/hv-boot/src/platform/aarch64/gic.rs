//! The interrupt controller, a GICv3 (Arm IHI 0069), as far as a core's own interrupts need it.

use core::{
    mem::offset_of,
    ptr::{self, NonNull},
};

use aarch64_cpu::{
    asm::barrier,
    registers::{ICC_SRE_EL2, ReadWriteable},
};
use arm_gic::{
    IntId, InterruptGroup, UniqueMmioPointer,
    gicv3::{
        GicCpuInterface, GicDistributor, GicError, GicRedistributor, GicRedistributorIterator,
        registers::{GicrSgi, Sgi},
    },
};
use spin::Mutex;

use super::level::{Level, level};
use crate::platform::common::arm_virt::Description;

/// What the device tree calls it. Its registers are the distributor's, and those of the first redistributor; each of
/// these says whether it is the last.
pub(super) const COMPATIBLE: &str = "arm,gic-v3";

/// Sets the distributor up.
///
/// # Safety
///
/// `address` is the distributor's, and no other core uses it meanwhile.
unsafe fn set_up_distributor(address: usize) {
    // SAFETY: rule 12: the caller's promise.
    let registers = unsafe { UniqueMmioPointer::new(registers(address)) };
    GicDistributor::new(registers).configure_default_settings();
}

/// This core's redistributor.
///
/// # Safety
///
/// `first` is the address of the first one, and no other core uses any redistributor meanwhile.
unsafe fn redistributor(first: usize) -> Result<Option<GicRedistributor<'static>>, GicError> {
    // SAFETY: rule 12: the caller's promise.
    let mut all = unsafe { GicRedistributorIterator::new(registers(first)) }?;
    let here = super::hardware_id();
    Ok(all.find(|redistributor| redistributor.typer().core_mpidr() == here))
}

/// How many cores have a redistributor.
pub(super) fn served_cpu_count() -> usize {
    let [_, first] = Description::get().gic;
    let _lock = IS_SET_UP.lock();
    // SAFETY: rule 12: the device tree names the registers, and the lock makes this core the only user.
    let all = unsafe { GicRedistributorIterator::new(registers(first)) };
    all.map_or(0, Iterator::count)
}

fn registers<T>(address: usize) -> NonNull<T> {
    NonNull::new(ptr::with_exposed_provenance_mut(address)).expect("no GIC is at 0")
}

/// Whether the distributor is set up; locked while a core uses distributor or redistributors.
static IS_SET_UP: Mutex<bool> = Mutex::new(false);

/// Lets `interrupt`, one of the core's own, reach this core, and no other interrupt.
///
/// # Panics
///
/// If the device tree's redistributors have none for this core.
pub(super) fn enable(interrupt: IntId) {
    let [distributor, redistributors] = Description::get().gic;
    let mut is_set_up = IS_SET_UP.lock();
    // SAFETY: rule 12: the device tree names the registers, and the lock makes this core the only user.
    unsafe {
        if !*is_set_up {
            set_up_distributor(distributor);
            *is_set_up = true;
        }
        let Ok(Some(mut redistributor)) = redistributor(redistributors) else {
            panic!("the GIC has no redistributor for this cpu");
        };
        // The only error is that the core is awake: this is not its first interrupt.
        if redistributor.mark_core_awake().is_ok() {
            redistributor.configure_default_settings();
        }
        let enabled = redistributor.enable_interrupt(interrupt, true);
        enabled.expect("an interrupt of the core's own");
    }
    if level() == Level::El2 {
        ICC_SRE_EL2.modify(ICC_SRE_EL2::SRE::SET + ICC_SRE_EL2::ENABLE::SET);
    }
    GicCpuInterface::enable_system_register_el1();
    barrier::isb(barrier::SY);
    GicCpuInterface::set_priority_mask(0xff);
    GicCpuInterface::enable_group1(true);
    barrier::isb(barrier::SY);
}

/// The interrupt that this core sends to itself as a non-maskable one.
const NMI: IntId = IntId::sgi(0);

/// Makes [`NMI`] pending on this core, with Superpriority ("GICR_INMIR0", "GICR_ISPENDR0").
pub(super) fn send_nmi() {
    enable(NMI);
    let [_, redistributors] = Description::get().gic;
    // SAFETY: rule 12: as in `enable`. Without virtual LPIs the redistributors lie one behind the other, and these
    // registers are this core's.
    unsafe {
        let mut all = GicRedistributorIterator::new(registers(redistributors)).expect("its first");
        let here = super::hardware_id();
        let index = all.position(|one| one.typer().core_mpidr() == here);
        let own = redistributors + index.expect("this core's") * size_of::<GicrSgi>();
        let bit = 1 << u32::from(NMI);
        for register in [offset_of!(Sgi, inmir), offset_of!(Sgi, ispendr)] {
            let register = own + offset_of!(GicrSgi, sgi) + register;
            ptr::with_exposed_provenance_mut::<u32>(register).write_volatile(bit);
        }
    }
}

/// Ends [`NMI`], which this core acknowledged as `taken`.
///
/// # Panics
///
/// If it is another one.
pub(super) fn end_nmi(taken: u32) {
    assert_eq!(
        taken,
        NMI.into(),
        "a non-maskable interrupt that nobody sent"
    );
    GicCpuInterface::end_interrupt(NMI, InterruptGroup::Group1);
}

/// Takes the interrupt that this core was interrupted by: `interrupt`, which `handler` ends the cause of.
///
/// # Panics
///
/// If it is another one.
pub(super) fn handle(interrupt: IntId, handler: fn()) {
    // None is pending if its cause has ended.
    let Some(taken) = GicCpuInterface::get_and_acknowledge_interrupt(InterruptGroup::Group1) else {
        return;
    };
    assert_eq!(taken, interrupt, "an interrupt that nobody enabled");
    handler();
    // The GIC sees that the cause has ended before the interrupt does.
    barrier::isb(barrier::SY);
    GicCpuInterface::end_interrupt(taken, InterruptGroup::Group1);
}
