//! The stacks of all CPUs.

use core::{cell::UnsafeCell, mem::MaybeUninit};

use crate::machine::MAX_CPUS;

/// One CPU's stacks, from the lowest address: a guard page, the exception stack, the main stack; they grow down.
/// Without paging the exception stack goes on into the guard page.
#[repr(C, align(4096))]
pub(in crate::platform) struct Stack(UnsafeCell<MaybeUninit<[u8; Stack::SIZE]>>);

// SAFETY: rule 11: each CPU uses its own, by its stack pointer; Rust code takes addresses only.
unsafe impl Sync for Stack {}

/// Not cleared at boot, and without space in the file.
#[unsafe(link_section = ".bss.stacks")]
pub(in crate::platform) static STACKS: [Stack; MAX_CPUS] =
    [const { Stack(UnsafeCell::new(MaybeUninit::uninit())) }; MAX_CPUS];

impl Stack {
    /// Without optimization the boot core uses 71 KiB: it copies the [`Machine`](crate::Machine) several times.
    pub(in crate::platform) const SIZE_BITS: usize = 17;
    pub(in crate::platform) const SIZE: usize = 1 << Self::SIZE_BITS;
    /// The size of the guard page.
    pub(in crate::platform) const GUARD: usize = 4096;
    /// Where the exception stack begins; the main stack grows down to it.
    pub(in crate::platform) const EXCEPTION_TOP: usize = Self::GUARD + 0x3000;

    /// The address of the guard page of CPU `cpu`.
    pub(in crate::platform) fn guard(cpu: usize) -> usize {
        STACKS[cpu].0.get().addr()
    }
}
