//! The machine: its CPUs and memory, as the boot core reads them from the firmware's tables.

use core::{alloc::Layout, fmt, mem::MaybeUninit, ops::Range, ptr, slice};

use arrayvec::ArrayVec;
use spin::Mutex;

use crate::{boot_cell::BootCell, memory, platform};

/// How many CPUs an image can run: `image.ld` reserves as many areas, and every CPU has a stack.
pub const MAX_CPUS: usize = 512;

/// The machine as its firmware describes it.
#[derive(Debug)]
pub struct Machine {
    /// The hardware ids of the CPUs by CPU id, the boot core first.
    pub(crate) cpus: ArrayVec<u64, MAX_CPUS>,
    /// The physical ranges that are memory.
    pub(crate) ram: ArrayVec<Range<usize>, 16>,
    /// The ranges that are in use: the image with its stacks, the firmware's tables and reservations.
    pub(crate) reserved: ArrayVec<Range<usize>, 32>,
    /// What only the platform needs.
    pub(crate) platform: platform::Description,
}

static MACHINE: BootCell<Option<Machine>> = BootCell::new(None);

/// Where the next block of [`Machine::take_memory`] may begin.
static FREE_FROM: Mutex<usize> = Mutex::new(0);

impl Machine {
    /// Keeps the description for as long as the image runs.
    ///
    /// # Safety
    ///
    /// Called once, by the boot core, before any other core runs.
    pub(crate) unsafe fn publish(self) -> &'static Self {
        // SAFETY: rule 11: one core runs, and no reference to the contents exists yet.
        unsafe { (*MACHINE.get()).insert(self) }
    }

    /// How many CPUs the machine has; their ids are `0..cpu_count()`.
    pub fn cpu_count(&self) -> usize {
        self.cpus.len()
    }

    /// The id that hardware and firmware know `cpu` by (AArch64: the affinity fields of `MPIDR_EL1`).
    ///
    /// # Panics
    ///
    /// If `cpu` is not below [`cpu_count`](Self::cpu_count).
    pub fn hardware_id(&self, cpu: usize) -> u64 {
        self.cpus[cpu]
    }

    /// Takes free memory for as long as the image runs; `None` if none of that size is left. No two calls return the
    /// same memory.
    pub fn take_memory(&self, layout: Layout) -> Option<&'static mut [MaybeUninit<u8>]> {
        let mut from = FREE_FROM.lock();
        let start = memory::find_free(&self.ram, &self.reserved, *from, layout)?;
        *from = start + layout.size();
        let start = ptr::with_exposed_provenance_mut(start);
        // SAFETY: rule 9: RAM that is mapped, not reserved, and returned once.
        Some(unsafe { slice::from_raw_parts_mut(start, layout.size()) })
    }
}

/// The machine; `None` before the firmware's tables are read.
pub(crate) fn published() -> Option<&'static Machine> {
    // SAFETY: rule 11: the contents change once, on the boot core, before another core runs.
    unsafe { MACHINE.read() }.as_ref()
}

/// The CPUs' hardware ids by CPU id; empty before the firmware's tables are read.
pub(crate) fn known() -> &'static [u64] {
    published().map_or(&[], |machine| &machine.cpus)
}

/// How many CPUs are known.
pub(crate) fn known_cpus() -> usize {
    known().len()
}

/// A CPU's name in messages, also before the firmware's tables are read.
pub(crate) struct Named {
    pub(crate) hardware_id: u64,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = known().iter().position(|&cpu| cpu == self.hardware_id) {
            write!(f, "cpu {id}, ")?;
        }
        write!(f, "{} {:#x}", platform::HARDWARE_ID, self.hardware_id)
    }
}
