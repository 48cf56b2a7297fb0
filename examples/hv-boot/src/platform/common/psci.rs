//! Starting cores by the Power State Coordination Interface (Arm DEN 0022).

use dtoolkit::{Node, Property, fdt::Fdt, standard::NodeStandard};
use smccc::psci::error::Error as Refusal;

use super::device_tree::Error;

/// The instruction that reaches the firmware.
#[derive(Clone, Copy, Debug)]
pub(in crate::platform) enum Conduit {
    Smc,
    Hvc,
}

impl Conduit {
    /// How PSCI is called: the `method` of its node.
    pub(in crate::platform) fn of(tree: Fdt<'_>) -> Result<Self, Error> {
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
    #[cfg(target_arch = "aarch64")]
    pub(in crate::platform) fn cpu_on(
        self,
        hardware_id: u64,
        entry: usize,
        id: usize,
    ) -> Result<(), Refusal> {
        use smccc::{Hvc, Smc, psci};

        let (entry, id) = (entry as u64, id as u64);
        match self {
            Self::Smc => psci::cpu_on::<Smc>(hardware_id, entry, id),
            Self::Hvc => psci::cpu_on::<Hvc>(hardware_id, entry, id),
        }
    }

    /// Starts the core `hardware_id` at `entry` with the CPU id `id` in its first register (DEN 0022, "CPU_ON"). PSCI
    /// is not relied on to order memory: the caller has made what it wrote visible.
    ///
    /// The calls of smccc 0.2.3 on 32-bit Arm return with another r6 where the compiler chooses r7 to save it in.
    #[cfg(target_arch = "arm")]
    pub(in crate::platform) fn cpu_on(
        self,
        hardware_id: u64,
        entry: usize,
        id: usize,
    ) -> Result<(), Refusal> {
        use core::arch::asm;
        use smccc::{error::success_or_error_32, psci::PSCI_CPU_ON_32};

        macro_rules! call {
            ($extension:literal, $instruction:literal) => {{
                let result: u32;
                // SAFETY: rule 10, rule 12: r4 to r14 are preserved (DEN 0028, "Register use in AArch32 SMC and
                // HVC calls"). Not `nomem`: another core runs.
                unsafe {
                    asm!(
                        concat!(".arch_extension ", $extension),
                        $instruction,
                        concat!(".arch_extension no", $extension),
                        inout("r0") PSCI_CPU_ON_32 => result,
                        inout("r1") hardware_id as u32 => _,
                        inout("r2") entry => _,
                        inout("r3") id => _,
                        options(nostack, preserves_flags)
                    );
                }
                result
            }};
        }
        success_or_error_32(match self {
            Self::Smc => call!("sec", "smc #0"),
            Self::Hvc => call!("virt", "hvc #0"),
        })
    }
}
