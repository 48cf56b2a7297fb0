//! The machine: its CPUs and memory, as the boot core reads them from the firmware's tables.

use core::{alloc::Layout, mem::MaybeUninit, ops::Range, ptr, slice};

use arrayvec::ArrayVec;
use spin::Mutex;

use crate::{boot_cell::BootCell, memory};

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
}

pub(crate) static MACHINE: BootCell<Option<Machine>> = BootCell::new(None);

/// Where the next block of [`Machine::take_memory`] may begin.
static FREE_FROM: Mutex<usize> = Mutex::new(0);

impl Machine {
    /// The machine that runs this code.
    ///
    /// # Panics
    ///
    /// Before `main`.
    pub fn get() -> &'static Self {
        MACHINE.kept().expect("the firmware's tables are read")
    }

    /// The physical ranges that are memory, whole pages, whoever uses them.
    pub fn memory(&self) -> &[Range<usize>] {
        &self.ram
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

/// The CPUs' hardware ids by CPU id; empty before the firmware's tables are read.
pub(crate) fn known() -> &'static [u64] {
    MACHINE.kept().map_or(&[], |machine| &machine.cpus)
}
