//! The state of the areas: one CPU builds them and publishes them once. Those of later CPUs are added to a table.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use core::{ptr, slice};

use super::counts::Counts;
use super::lock::Lock;
use super::slot::AreaSlot;
use crate::sync::Published;

/// The location of the areas in one block, and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// The value of CPU 0's per-CPU register. An access to another CPU's copy adds to that CPU's value what
    /// its own access adds.
    pub(crate) register: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

/// How the per-CPU registers of all CPUs are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registers {
    /// The register of CPU 0, or the address of the table.
    first: usize,
    /// The distance between two areas of a block, which is never 0, or 0 for a table.
    stride: usize,
}

impl Registers {
    /// Returns the distance between two areas of a block, or `None` for a table.
    #[inline(always)]
    pub(crate) fn stride(self) -> Option<usize> {
        (self.stride != 0).then_some(self.stride)
    }

    /// Returns the value of the per-CPU register of CPU `cpu_id`.
    ///
    /// # Safety
    ///
    /// There is an area for `cpu_id` (rule 4 of docs/safety.md).
    #[inline(always)]
    pub(crate) unsafe fn of(self, cpu_id: usize) -> usize {
        match self.stride() {
            Some(stride) => Self::in_block(self.first, stride, cpu_id),
            // SAFETY: rule 4 is the caller's.
            None => unsafe { Self::in_table(self.first, cpu_id) },
        }
    }

    #[inline(always)]
    const fn in_block(first: usize, stride: usize, cpu_id: usize) -> usize {
        first.wrapping_add(cpu_id.wrapping_mul(stride))
    }

    /// # Safety
    ///
    /// The table at `table` leads to an area for `cpu_id` (rule 4 of docs/safety.md).
    #[inline(always)]
    unsafe fn in_table(table: usize, cpu_id: usize) -> usize {
        let table: *const AreaSlot = ptr::with_exposed_provenance(table);
        // SAFETY: rule 4, a table has a slot for each area, and is never freed.
        unsafe { (*table.add(cpu_id)).register() }
    }
}

/// Uninit (both counts are 0) -> Building (locked) -> Ready (one of them is not 0).
///
/// `register`, `stride` and `slots` are written while Building and published by a count (rule 4). That of a table
/// grows: each value publishes one more slot.
///
/// What a look-up loads is not at the start: riscv32 would take the address of the rest anew. The counts are, where the
/// instruction that loads both takes their address in a register.
#[repr(C)]
pub(crate) struct Areas {
    #[cfg(double)]
    pub(crate) counts: Counts,
    /// The number of slots of the table.
    pub(crate) slots: Published,
    /// The register of CPU 0, or the address of the table.
    pub(crate) register: Published,
    /// The distance between two areas of a block, or 0 with a table.
    pub(crate) stride: Published,
    #[cfg(not(double))]
    pub(crate) counts: Counts,
    /// Held while Building, which ends also if a function of the caller panics.
    pub(crate) building: Lock<()>,
}

impl Areas {
    /// Returns the number of CPUs with an area; 0 until Ready.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.counts.all()
    }

    /// Returns the value of the per-CPU register of CPU `cpu_id`, if there is such a CPU.
    #[inline]
    pub(crate) fn register(&self, cpu_id: usize) -> Option<usize> {
        let in_block = || {
            // SAFETY: rule 4, the number of areas was acquired and is not 0.
            let (first, stride) = unsafe { (self.register.get(), self.stride.get()) };
            Registers::in_block(first, stride, cpu_id)
        };
        // SAFETY: rule 4, the number of areas was acquired and is above `cpu_id`.
        let in_table = || unsafe { Registers::in_table(self.register.get(), cpu_id) };
        self.counts.find(cpu_id, in_block, in_table)
    }

    /// Returns the number of CPUs with an area, and how their per-CPU registers are found.
    #[inline]
    pub(crate) fn all(&self) -> (usize, Registers) {
        let count = self.count();
        let (first, stride) = if count == 0 {
            (0, 0)
        } else {
            // SAFETY: rule 4, a count was acquired and is not 0.
            unsafe { (self.register.get(), self.stride.get()) }
        };
        (count, Registers { first, stride })
    }

    /// Returns the table of the areas; `None` until Ready, and if they are in a block.
    pub(crate) fn table(&self) -> Option<&'static [AreaSlot]> {
        if self.counts.in_table() == 0 {
            return None;
        }
        // SAFETY: rule 4, the number of areas in a table was acquired and is not 0.
        let (table, slots) = unsafe { (self.register.get(), self.slots.get()) };
        // SAFETY: rule 4, the table that `init_table` got, and its length.
        Some(unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(table), slots) })
    }

    /// Builds the areas, or waits while another CPU builds them. Without `exclusives` no other CPU runs
    /// (rule 11).
    ///
    /// The error is the number of CPUs with an area: if the areas were Ready before the call, or if another
    /// CPU built different ones during the call. It is 0 if the context with the number `own` is building them itself.
    pub(crate) fn init(
        &self,
        block: Block,
        own: usize,
        exclusives: bool,
        build: impl FnOnce(),
    ) -> Result<usize, usize> {
        let live = self.count();
        if live != 0 {
            return Err(live);
        }
        let _building = self.building.take(own, exclusives).ok_or(0_usize)?;
        let live = self.count();
        if live == 0 {
            build();
            self.publish(block);
        }
        if live == 0 || self.are_live(block) {
            Ok(block.count)
        } else {
            Err(live)
        }
    }

    /// Builds areas at any addresses, or waits while another CPU builds areas. `build` fills the first slots of `table`
    /// and returns how many, which is not 0. If it fails, nothing is published.
    ///
    /// The outer error is that of [`init`](Self::init): then nothing was built.
    pub(crate) fn init_table<E>(
        &self,
        table: &'static [AreaSlot],
        own: usize,
        exclusives: bool,
        build: impl FnOnce() -> Result<usize, E>,
    ) -> Result<Result<usize, E>, usize> {
        // Before the table is written: it may be that of the live areas.
        let live = self.count();
        if live != 0 {
            return Err(live);
        }
        let _building = self.building.take(own, exclusives).ok_or(0_usize)?;
        let live = self.count();
        if live != 0 {
            return Err(live);
        }
        let built = build();
        if let Ok(count) = built {
            // SAFETY: rule 4, this CPU builds the areas, and there are none.
            unsafe {
                self.register.set(table.as_ptr().expose_provenance());
                self.stride.set(0);
                self.slots.set(table.len());
            }
            self.counts.publish_table(count);
        }
        Ok(built)
    }

    /// Adds the area of the next CPU, and returns that CPU's id, or `None` if the context with the number `own` is
    /// building areas. `build` gets the id and the table, and returns the slot and the value of the CPU's per-CPU
    /// register. What `hold` returns is dropped after publication. If one of them fails, nothing is published.
    pub(crate) fn add<E, H>(
        &self,
        own: usize,
        exclusives: bool,
        build: impl FnOnce(usize, Option<&'static [AreaSlot]>) -> Result<(&'static AreaSlot, usize), E>,
        hold: impl FnOnce() -> Result<H, E>,
    ) -> Option<Result<usize, E>> {
        let _building = self.building.take(own, exclusives)?;
        let built = build(self.count(), self.table());
        Some(built.and_then(|(slot, register)| {
            let _held = hold()?;
            slot.set(register);
            let cpu = self.counts.in_table();
            self.counts.publish_table(cpu + 1);
            Ok(cpu)
        }))
    }

    /// Builds the areas in any state, also over live ones. Returns whether it did: not if the context with the number
    /// `own` is building them.
    #[allow(dead_code, reason = "only the init functions in compat use it")]
    pub(crate) fn rebuild(
        &self,
        block: Block,
        own: usize,
        exclusives: bool,
        build: impl FnOnce(),
    ) -> bool {
        let building = self.building.take(own, exclusives);
        if building.is_some() {
            build();
            self.publish(block);
        }
        building.is_some()
    }

    /// Publishes other addresses of the areas in a block, whose memory stays the same.
    ///
    /// # Safety
    ///
    /// The areas are Ready, and no other CPU reads where they are (rule 4 of docs/safety.md).
    pub(crate) unsafe fn rebase(&self, register: usize) {
        // SAFETY: rule 4 is the caller's.
        unsafe { self.register.set(register) };
        self.counts.publish_block(self.counts.in_block());
    }

    /// Returns whether the live areas are those of `block`.
    pub(crate) fn are_live(&self, block: Block) -> bool {
        let registers = Registers {
            first: block.register,
            stride: block.stride,
        };
        self.all() == (block.count, registers)
    }

    fn publish(&self, block: Block) {
        // SAFETY: rule 4, this CPU builds the areas, and there are none or no other CPU reads them.
        unsafe {
            self.register.set(block.register);
            self.stride.set(block.stride);
        }
        self.counts.publish_block(block.count);
    }
}
