//! Cores that come and go: the guest's calls of the firmware (Arm DEN 0022, PSCI; DEN 0028, SMC calling convention).

use core::{array, ops::ControlFlow};

use aarch64_cpu::asm;
use hv_boot::Machine;
use percpu_hv::{CpuId, CpuPin, def_percpu};
use smccc::{
    Smc,
    psci::{self, error},
};
use spin::Mutex;

use super::{
    guest::Guest,
    run_guest,
    vcpu::{End, Vcpu},
};

/// Where a core begins, and its x0 there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) pc: u64,
    pub(super) argument: u64,
}

impl Start {
    /// That of the guest's first core (Linux, Documentation/arch/arm64/booting.rst).
    pub(super) fn first(guest: &Guest) -> Self {
        Self {
            pc: guest.entry as u64,
            argument: guest.tree as u64,
        }
    }
}

/// Shared, by an option, since a lock of another crate protects it: the start of a core that has not begun yet. Other
/// cores write it, so it has its cache lines for itself.
#[def_percpu(shared, cache_aligned)]
static START: Mutex<Option<Start>> = Mutex::new(None);

/// The boot core runs already, and only needs its start.
pub(super) fn boot_core_starts_at(start: Start) {
    let boot_core = CpuId::all().next().expect("there is an area");
    *START.on(boot_core).lock() = Some(start);
}

/// What this core was started for.
///
/// # Panics
///
/// If nobody started it.
pub(super) fn take_start() -> Start {
    let pin = CpuPin::new();
    let start = START.get(&pin).lock().take();
    start.expect("a core is started at a place")
}

/// Answers a firmware call. What would bring the guest back at EL2 is answered here, and the firmware answers the rest.
pub(super) fn call(vcpu: &mut Vcpu) -> ControlFlow<End> {
    let [function, target, pc, argument] = array::from_fn(|n| vcpu.x[n]);
    let answer = match function as u32 {
        psci::PSCI_CPU_ON_64 => start_core(target, Start { pc, argument }),
        psci::PSCI_CPU_ON_32 => {
            let [target, pc, argument] = [target, pc, argument].map(|value| value & 0xffff_ffff);
            start_core(target, Start { pc, argument })
        }
        psci::PSCI_CPU_OFF => return ControlFlow::Break(End::CoreOff),
        psci::PSCI_SYSTEM_OFF => return ControlFlow::Break(End::SystemOff),
        psci::PSCI_SYSTEM_RESET | psci::PSCI_SYSTEM_RESET2_32 | psci::PSCI_SYSTEM_RESET2_64 => {
            return ControlFlow::Break(End::SystemReset);
        }
        // A core that is to lose its state may keep it instead ("CPU_SUSPEND").
        psci::PSCI_CPU_SUSPEND_32 | psci::PSCI_CPU_SUSPEND_64 => {
            asm::wfi();
            error::SUCCESS.into()
        }
        psci::PSCI_SYSTEM_SUSPEND_32
        | psci::PSCI_SYSTEM_SUSPEND_64
        | psci::PSCI_CPU_DEFAULT_SUSPEND_32
        | psci::PSCI_CPU_DEFAULT_SUSPEND_64 => error::NOT_SUPPORTED.into(),
        function => {
            let arguments = array::from_fn(|n| vcpu.x[1 + n]);
            vcpu.x[..18].copy_from_slice(&smccc::smc64(function, arguments));
            return ControlFlow::Continue(());
        }
    };
    vcpu.x[0] = answer as u64;
    ControlFlow::Continue(())
}

/// CPU_ON: the core `target` begins at EL2, as this image's boot core did, and goes on to the guest's start.
fn start_core(target: u64, start: Start) -> i64 {
    let machine = Machine::get();
    let mut ids = CpuId::all().take(machine.cpu_count());
    let Some(cpu) = ids.find(|cpu| machine.hardware_id(cpu.index()) == target) else {
        return error::INVALID_PARAMETERS.into();
    };
    // The core takes its start when it is there; until then it is locked, or not taken.
    let mut slot = START.on(cpu).lock();
    if slot.is_some() {
        return error::ON_PENDING.into();
    }
    *slot = Some(start);
    match machine.start_core(cpu.index(), run_guest) {
        Ok(()) => error::SUCCESS.into(),
        Err(refusal) => {
            *slot = None;
            refusal.into()
        }
    }
}

/// CPU_OFF. This core comes back by CPU_ON, at its beginning.
pub(super) fn switch_off() -> ! {
    let refusal = psci::cpu_off::<Smc>();
    panic!("the firmware does not switch this core off: {refusal:?}")
}
