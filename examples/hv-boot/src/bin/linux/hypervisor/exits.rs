//! What an exit is for. Whatever the guest does, it goes on: what it may not do becomes an exception of its own.

use core::{fmt, ops::ControlFlow};

use aarch64_cpu::{
    asm,
    registers::{
        CCSIDR_EL1, CLIDR_EL1, CSSELR_EL1, ESR_EL2, FAR_EL2, HPFAR_EL2, Readable, Writeable,
    },
};
use hv_boot::{Cpu, Machine, println};
use percpu_hv::{CpuId, current_cpu, percpu_area_base, percpu_area_size};

use super::{
    counters::{self, AREA, DEVICE, HYPERVISOR, OTHER, PSCI, REGISTER, WFI},
    el1::{self, Cause},
    psci::{self, End},
    stage2,
    vcpu::Vcpu,
};

/// Handles this core's exit, and says how its guest ends, if it does. A core that the guest starts runs `main`.
pub(super) fn handle(vcpu: &mut Vcpu, main: fn(Cpu) -> !) -> ControlFlow<End> {
    use ESR_EL2::EC::Value as Class;

    counters::check();
    counters::observe_guest();
    match ESR_EL2.read_as_enum(ESR_EL2::EC) {
        Some(Class::TrappedWFIorWFE) => wait(vcpu),
        // A trapped SMC is not done, and would come again.
        Some(Class::SMC64) => {
            vcpu.skip_instruction();
            PSCI.inc_current();
            return psci::call(vcpu, main);
        }
        // Undefined at EL1, as on a machine without EL2.
        Some(Class::HVC64) => {
            vcpu.back_to_hvc();
            unknown(vcpu);
        }
        Some(Class::TrappedMsrMrs) => system_register(vcpu),
        Some(Class::InstrAbortLowerEL) => abort(vcpu, true),
        Some(Class::DataAbortLowerEL) => abort(vcpu, false),
        _ => unknown(vcpu),
    }
    ControlFlow::Continue(())
}

/// WFI: this core waits here for its guest's next interrupt, which ends the wait although EL2 does not take it. A WFIT
/// has a time limit as well. It may end early, and ends at once.
fn wait(vcpu: &mut Vcpu) {
    // "ISS encoding for an exception from a WF* instruction": TI.
    const WFI_WITHOUT_LIMIT: u64 = 0b00;

    WFI.inc_current();
    if ESR_EL2.read(ESR_EL2::ISS) & 0b11 == WFI_WITHOUT_LIMIT {
        asm::wfi();
    }
    vcpu.skip_instruction();
}

/// An access to a system register: gives the guest the real one.
fn system_register(vcpu: &mut Vcpu) {
    let access = ESR_EL2.read(ESR_EL2::ISS);
    // "ISS encoding for an exception from MSR, MRS, or System instruction": Op0, Op1, CRn, CRm and Op2 are the
    // register's name; then Rt, and whether it is a read.
    let field = |low: u32, bits: u32| (access >> low & ((1 << bits) - 1)) as usize;
    let register = [(20, 2), (14, 3), (10, 4), (1, 4), (17, 3)];
    let register = register.map(|(low, bits)| field(low, bits));
    let (operand, is_read) = (field(5, 5), field(0, 1) == 1);
    let value = match (register, is_read) {
        ([3, 3, 0, 0, 1], true) => ctr_el0(),
        ([3, 1, 0, 0, 0], true) => CCSIDR_EL1.get(),
        ([3, 1, 0, 0, 1], true) => CLIDR_EL1.get(),
        ([3, 2, 0, 0, 0], true) => CSSELR_EL1.get(),
        // The register selects a cache for CCSIDR_EL1, and is this core's.
        ([3, 2, 0, 0, 0], false) => {
            CSSELR_EL1.set(vcpu.x.get(operand).copied().unwrap_or(0));
            asm::barrier::isb(asm::barrier::SY);
            0
        }
        _ => return unknown(vcpu),
    };
    REGISTER.inc_current();
    // The operand 31 is the zero register.
    if is_read && let Some(x) = vcpu.x.get_mut(operand) {
        *x = value;
    }
    vcpu.skip_instruction();
}

fn ctr_el0() -> u64 {
    let value: u64;
    // SAFETY: rule 10: reading the register has no effect.
    unsafe {
        core::arch::asm!("mrs {}, ctr_el0", out(reg) value, options(nomem, nostack, preserves_flags))
    };
    value
}

/// An access to what stage 2 does not have: reported, counted, and an external abort for the guest, as from a bus where
/// nobody answers.
fn abort(vcpu: &mut Vcpu, fetch: bool) {
    // Stage 2 gives all rights or nothing, so that HPFAR_EL2 has the page. Of a walk that finds the guest's own tables
    // there only the page is right: FAR_EL2 is what they would translate.
    let address = FAR_EL2.get();
    let page = HPFAR_EL2.read(HPFAR_EL2::FIPA) << 12;
    let physical = (page | address & 0xfff) as usize;
    let place = Place::of(physical);
    let is_write = ESR_EL2.read(ESR_EL2::ISS) & 1 << 6 != 0;
    let access = match (fetch, is_write) {
        (true, _) => "run",
        (_, true) => "write to",
        (_, false) => "read",
    };
    let cpu = current_cpu();
    println!("hv-boot: cpu {cpu}: Linux may not {access} {physical:#x}: {place}");
    match place {
        Place::Hypervisor => HYPERVISOR.inc_current(),
        Place::Area(_) => AREA.inc_current(),
        Place::Device => DEVICE.inc_current(),
        Place::Nothing => OTHER.inc_current(),
    }
    el1::inject(vcpu, Cause::ExternalAbort { fetch, address });
}

/// What is where the guest may not be.
enum Place {
    /// The area of a CPU.
    Area(CpuId),
    /// The rest of this image.
    Hypervisor,
    /// A device that is withheld.
    Device,
    Nothing,
}

impl Place {
    fn of(address: usize) -> Self {
        let is_in_area =
            |cpu: &CpuId| address.wrapping_sub(percpu_area_base(cpu.index())) < percpu_area_size();
        match CpuId::all().find(is_in_area) {
            Some(cpu) => Self::Area(cpu),
            None if Machine::get().image().contains(&address) => Self::Hypervisor,
            None if stage2::is_withheld(address) => Self::Device,
            None => Self::Nothing,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Area(cpu) => write!(f, "the per-CPU area of cpu {cpu}"),
            Self::Hypervisor => write!(f, "the hypervisor's memory"),
            Self::Device => write!(f, "a device that it was not given"),
            Self::Nothing => write!(f, "there is nothing"),
        }
    }
}

/// An exit that this hypervisor does not know: reported, counted, and an undefined instruction for the guest.
fn unknown(vcpu: &mut Vcpu) {
    let (cpu, syndrome, pc) = (current_cpu(), ESR_EL2.get(), vcpu.pc);
    println!("hv-boot: cpu {cpu}: Linux may not do what it does at {pc:#x}: ESR {syndrome:#x}");
    OTHER.inc_current();
    el1::inject(vcpu, Cause::Undefined);
}
