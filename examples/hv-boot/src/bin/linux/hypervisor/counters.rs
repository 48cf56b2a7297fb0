//! What each core counts, and what must hold on it.

use aarch64_cpu::registers::{MPIDR_EL1, Readable, TPIDR_EL0, TPIDR_EL1};
use percpu_hv::{CpuId, current_cpu, def_percpu, percpu_area_base, read_percpu_reg};

/// How often this core started its part of the guest.
#[def_percpu]
pub(super) static STARTS: u64 = 0;

/// Defines a counter for each reason of an exit, and the columns of the table.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $column:literal,)*) => {
        $($(#[$doc])* #[def_percpu] pub(super) static $name: u64 = 0;)*

        /// The heads of the columns.
        pub(super) const REASONS: &[&str] = &[$($column),*];

        /// How often `cpu` had an exit for each of [`REASONS`].
        pub(super) fn by_reason(cpu: CpuId) -> [u64; REASONS.len()] {
            [$($name.read_remote(cpu)),*]
        }
    };
}

reasons! {
    /// Waits for an interrupt.
    WFI = "WFI",
    /// Calls of the firmware.
    PSCI = "PSCI",
    /// Accesses to system registers.
    REGISTER = "register",
    /// Accesses to the hypervisor's memory.
    HYPERVISOR = "image",
    /// Accesses to an area of per-CPU variables.
    AREA = "area",
    /// Accesses to a device that the guest was not given.
    DEVICE = "device",
    /// Exits that the hypervisor does not know, and accesses to addresses where nothing is.
    OTHER = "other",
}

/// MPIDR_EL1 of the core that wrote it: each writes its own, once. The guest's program writes to CPU 0's copy in vain.
#[def_percpu]
pub(super) static MPIDR: u64 = 0;

/// What this core's guest had in TPIDR_EL1 at the last exit: Linux keeps the offset of its own per-CPU variables there.
#[def_percpu]
pub(super) static GUEST_TPIDR_EL1: u64 = 0;

/// The same of TPIDR_EL0, where Linux's programs have their thread-local storage.
#[def_percpu]
static GUEST_TPIDR_EL0: u64 = 0;

/// How often TPIDR_EL0 was another one than at the exit before.
#[def_percpu]
pub(super) static TPIDR_EL0_CHANGES: u64 = 0;

/// Counts a start of this core. At the first one it writes which core it is.
pub(super) fn started() {
    if STARTS.fetch_add_current(1) == 0 {
        MPIDR.write_current(MPIDR_EL1.get());
    }
    check();
}

/// What holds at each exit, whatever the guest did: the variables are this core's own.
///
/// # Panics
///
/// If it does not hold.
pub(super) fn check() {
    let cpu = current_cpu();
    assert_eq!(
        read_percpu_reg(),
        percpu_area_base(cpu.index()),
        "the area of cpu {cpu}"
    );
    assert_eq!(
        MPIDR.read_current(),
        MPIDR_EL1.get(),
        "MPIDR in the variables of cpu {cpu}"
    );
}

/// Notes what the guest has in the registers that a kernel at EL1 has for its own purposes.
pub(super) fn observe_guest() {
    GUEST_TPIDR_EL1.write_current(TPIDR_EL1.get());
    let el0 = TPIDR_EL0.get();
    if GUEST_TPIDR_EL0.swap_current(el0) != el0 {
        TPIDR_EL0_CHANGES.inc_current();
    }
}
