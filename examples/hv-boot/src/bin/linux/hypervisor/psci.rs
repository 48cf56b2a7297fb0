//! Cores that come and go: the guest's calls of the firmware (Arm DEN 0022, PSCI; DEN 0028, SMC calling convention).

use core::{array, ops::ControlFlow};

use aarch64_cpu::asm;
use hv_boot::{Cpu, Machine};
use percpu_hv::{CpuId, CpuPin, def_percpu};
use smccc::{
    Smc,
    psci::{self, error},
};
use spin::Mutex;

use super::{guest::Guest, vcpu::Vcpu};

/// Why a core's part of the guest ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// The guest switches this core off.
    CoreOff,
    /// The guest switches the machine off.
    SystemOff,
    /// The guest asks for a reset.
    SystemReset,
}

/// Where a core begins, and its x0 there.
#[derive(Clone, Copy, Debug)]
struct Start {
    pc: u64,
    argument: u64,
}

/// Shared, by an option, since a lock of another crate protects it: the start of a core that has not begun yet. Other
/// cores write it, so it has its cache lines for itself.
#[def_percpu(shared, cache_aligned)]
static START: Mutex<Option<Start>> = Mutex::new(None);

/// Starts the guest's first core (Linux, Documentation/arch/arm64/booting.rst): this one, which takes its start.
pub(super) fn start_boot_core(guest: &Guest) {
    let boot_core = CpuId::all().next().expect("there is an area");
    *START.on(boot_core).lock() = Some(Start {
        pc: guest.entry as u64,
        argument: guest.tree as u64,
    });
}

/// This core as it was started.
///
/// # Panics
///
/// If nobody started it.
pub(super) fn take_start() -> Vcpu {
    let pin = CpuPin::new();
    let start = START.get(&pin).lock().take();
    let start = start.expect("a core is started at a place");
    Vcpu::starting_at(start.pc, start.argument)
}

/// Answers a firmware call: here, or by the firmware where that is harmless. A core that the guest starts runs `main`.
pub(super) fn call(vcpu: &mut Vcpu, main: fn(Cpu) -> !) -> ControlFlow<End> {
    let [function, target, pc, argument] = array::from_fn(|n| vcpu.x[n]);
    let answer = match function as u32 {
        psci::PSCI_CPU_ON_64 => start_core(target, Start { pc, argument }, main),
        psci::PSCI_CPU_ON_32 => {
            let [target, pc, argument] = [target, pc, argument].map(|value| value & 0xffff_ffff);
            start_core(target, Start { pc, argument }, main)
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
        function if is_harmless(function) => {
            let arguments = array::from_fn(|n| vcpu.x[1 + n]);
            vcpu.x[..18].copy_from_slice(&smccc::smc64(function, arguments));
            return ControlFlow::Continue(());
        }
        _ => error::NOT_SUPPORTED.into(),
    };
    vcpu.x[0] = answer as u64;
    ControlFlow::Continue(())
}

/// Whether the firmware may answer the call: it only tells. To the firmware it is EL2 that calls, so any other call may
/// start a core at EL2 (QEMU also has the ids of PSCI 0.1), enter EL2 at an event (SDEI), or write to any memory.
fn is_harmless(function: u32) -> bool {
    // "Arm Architecture Calls" (DEN 0028), fast ones, with arguments of 32 and of 64 bits.
    let is_architecture_call = matches!(function >> 16, 0x8000 | 0xc000);
    is_architecture_call
        || matches!(
            function,
            psci::PSCI_VERSION
                | psci::PSCI_FEATURES
                | psci::PSCI_AFFINITY_INFO_32
                | psci::PSCI_AFFINITY_INFO_64
                | psci::PSCI_MIGRATE_INFO_TYPE
                | psci::PSCI_MIGRATE_INFO_UP_CPU_32
                | psci::PSCI_MIGRATE_INFO_UP_CPU_64
        )
}

/// CPU_ON: the core `target` begins at EL2, as this image's boot core did, and goes on to the guest's start.
fn start_core(target: u64, start: Start, main: fn(Cpu) -> !) -> i64 {
    let machine = Machine::get();
    let mut ids = CpuId::all().take(machine.cpu_count());
    let Some(cpu) = ids.find(|cpu| machine.hardware_id(cpu.index()) == target) else {
        return error::INVALID_PARAMETERS.into();
    };
    // A start that is still here: the core is on its way. The lock is kept until the firmware has answered.
    let mut slot = START.on(cpu).lock();
    if slot.is_some() {
        return error::ON_PENDING.into();
    }
    *slot = Some(start);
    match machine.start_core(cpu.index(), main) {
        Ok(()) => error::SUCCESS.into(),
        Err(refusal) => {
            *slot = None;
            refusal.into()
        }
    }
}

/// CPU_OFF. This core comes back by CPU_ON, at its beginning. If the firmware refuses, returns what it says: it does
/// where a trusted OS needs this core.
pub(super) fn switch_off() -> u64 {
    let refusal = match psci::cpu_off::<Smc>() {
        Ok(()) => error::INTERNAL_FAILURE.into(),
        Err(refusal) => i64::from(refusal),
    };
    refusal as u64
}
