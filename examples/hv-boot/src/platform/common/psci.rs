//! Starting cores by the Power State Coordination Interface (Arm DEN 0022).

use dtoolkit::{Node, Property, fdt::Fdt, standard::NodeStandard};
use smccc::psci::error::Error as Refusal;
#[cfg(target_arch = "aarch64")]
use smccc::psci::{AffinityState, LowestAffinityLevel};

use super::device_tree::Error;

/// The instruction that calls the firmware.
#[derive(Clone, Copy, Debug)]
pub(super) enum Conduit {
    Smc,
    Hvc,
}

impl Conduit {
    /// How PSCI is called: the `method` of its node.
    pub(super) fn of(tree: Fdt<'_>) -> Result<Self, Error> {
        // 0.2 is the first version whose function ids are fixed.
        let versions = ["arm,psci-1.0", "arm,psci-0.2"];
        let mut nodes = tree.root().children();
        let psci = nodes.find(|node| versions.iter().any(|version| node.is_compatible(version)));
        let method = psci.and_then(|node| node.property("method"));
        match method
            .ok_or(Error::Missing("PSCI method"))?
            .value_as::<&str>()?
        {
            "smc" => Ok(Self::Smc),
            "hvc" => Ok(Self::Hvc),
            _ => Err(Error::Missing("PSCI method that is smc or hvc")),
        }
    }

    /// Starts the core `hardware_id` at `entry` with the CPU id `id` in its first register (DEN 0022, "CPU_ON"). PSCI
    /// is not relied on to order memory: the caller has made what it wrote visible.
    pub(super) fn cpu_on(self, hardware_id: u64, entry: usize, id: usize) -> Result<(), Refusal> {
        match self {
            Self::Smc => smc(hardware_id, entry, id),
            Self::Hvc => hvc(hardware_id, entry, id),
        }
    }
}

#[cfg(target_arch = "aarch64")]
impl Conduit {
    /// Switches this core off (DEN 0022, "CPU_OFF"). Returns only if the firmware refuses.
    pub(super) fn cpu_off(self) -> Refusal {
        let refused = match self {
            Self::Smc => smccc::psci::cpu_off::<smccc::Smc>(),
            Self::Hvc => smccc::psci::cpu_off::<smccc::Hvc>(),
        };
        refused.expect_err("a core that is off runs nothing")
    }

    /// Returns whether a core is off (DEN 0022, "AFFINITY_INFO").
    pub(super) fn is_off(self, hardware_id: u64) -> bool {
        let level = LowestAffinityLevel::All;
        let state = match self {
            Self::Smc => smccc::psci::affinity_info::<smccc::Smc>(hardware_id, level),
            Self::Hvc => smccc::psci::affinity_info::<smccc::Hvc>(hardware_id, level),
        };
        state == Ok(AffinityState::Off)
    }
}

/// Defines a call of `CPU_ON` by an instruction.
#[cfg(target_arch = "aarch64")]
macro_rules! define_call {
    ($call:ident, $conduit:ident, $_extension:literal) => {
        fn $call(hardware_id: u64, entry: usize, id: usize) -> Result<(), Refusal> {
            smccc::psci::cpu_on::<smccc::$conduit>(hardware_id, entry as u64, id as u64)
        }
    };
}

/// Defines a call of `CPU_ON` by an instruction.
///
/// The calls of smccc 0.2.3 on 32-bit Arm return with another r6 where the compiler chooses r7 to save it in.
#[cfg(target_arch = "arm")]
macro_rules! define_call {
    ($call:ident, $_conduit:ident, $extension:literal) => {
        fn $call(hardware_id: u64, entry: usize, id: usize) -> Result<(), Refusal> {
            let result: u32;
            // SAFETY: rule 10, rule 12: r4 to r14 are preserved (DEN 0028, "Register use in AArch32 SMC and HVC
            // calls"). Not `nomem`: another core runs.
            unsafe {
                core::arch::asm!(
                    concat!(".arch_extension ", $extension),
                    concat!(stringify!($call), " #0"),
                    concat!(".arch_extension no", $extension),
                    inout("r0") smccc::psci::PSCI_CPU_ON_32 => result,
                    inout("r1") hardware_id as u32 => _,
                    inout("r2") entry => _,
                    inout("r3") id => _,
                    options(nostack, preserves_flags)
                );
            }
            smccc::error::success_or_error_32(result)
        }
    };
}

define_call!(smc, Smc, "sec");
define_call!(hvc, Hvc, "virt");
