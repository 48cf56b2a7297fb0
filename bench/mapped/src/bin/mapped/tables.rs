//! The translation tables of a core: those that hv-boot made for all, with copies of those on the way to the window.
//!
//! 33 bits of addresses, by pages of 4 KiB: a root of level 1 with 8 entries, and tables of the levels 2 and 3. (Arm
//! ARM DDI 0487, "Translation table descriptor formats".)

use core::{arch::asm, ptr};

use aarch64_cpu::{
    asm::barrier,
    registers::{TCR_EL2, TTBR0_EL2},
};
use tock_registers::interfaces::{ReadWriteable, Readable, Writeable};

pub(crate) const PAGE: usize = 4096;
const BITS: u64 = 33;
/// What an entry of each level covers.
const LEVELS: [usize; 3] = [1 << 30, 1 << 21, PAGE];
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
/// The low bits of a descriptor of a table, and of one of a page.
const TABLE_OR_PAGE: u64 = 0b11;

/// The table of level 1 of a core.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Root([u64; 1 << (BITS - 30)]);

/// Those of the levels 2 and 3.
#[derive(Clone, Copy)]
#[repr(C, align(4096))]
pub(crate) struct Below([[u64; 512]; 2]);

/// What a core has for itself.
pub(crate) const BYTES: usize = size_of::<Root>() + size_of::<Below>();

/// Makes tables in which the page `window` is that at `area`, and all else is as in the tables of this core.
///
/// # Safety
///
/// All tables are at their physical addresses, and nothing changes those of this core.
///
/// # Panics
///
/// If this core maps the window by a block.
pub(crate) unsafe fn make(root: &mut Root, below: &mut Below, window: usize, area: usize) {
    let index = |level: usize| window / LEVELS[level] % 512;
    let table_of = |descriptor: u64| {
        assert!(
            descriptor & TABLE_OR_PAGE == TABLE_OR_PAGE,
            "the window is in a block"
        );
        ptr::with_exposed_provenance((descriptor & ADDRESS) as usize)
    };
    let [second, third] = &mut below.0;
    // SAFETY: rule 11, the tables that hv-boot made, of 512 entries each.
    unsafe {
        *root = *ptr::with_exposed_provenance(TTBR0_EL2.get() as usize);
        *second = *table_of(root.0[index(0)]);
        *third = *table_of(second[index(1)]);
    }
    root.0[index(0)] = second.as_ptr().expose_provenance() as u64 | TABLE_OR_PAGE;
    second[index(1)] = third.as_ptr().expose_provenance() as u64 | TABLE_OR_PAGE;
    let page = &mut third[index(2)];
    *page = *page & !ADDRESS | area as u64;
}

/// Gives this core tables that [`make`] made. `TTBR0_EL2.CnP` stays 0: no other core has the same.
///
/// # Safety
///
/// They live for ever, nothing changes them, and this core has no reference into the window.
pub(crate) unsafe fn switch_to(root: &Root) {
    // What another core wrote to them is there before a walk reads it.
    barrier::dsb(barrier::ISH);
    // All addresses below 8 GiB are still translated by the first 8 entries of hv-boot's root.
    TCR_EL2.modify(TCR_EL2::T0SZ.val(64 - BITS));
    barrier::isb(barrier::SY);
    TTBR0_EL2.set(ptr::from_ref(root).addr() as u64);
    barrier::isb(barrier::SY);
    // SAFETY: rule 10, this core forgets what it translated by hv-boot's tables. Not `nomem`: no access moves across.
    unsafe {
        asm!(
            "tlbi alle2",
            "dsb nsh",
            "isb",
            options(nostack, preserves_flags)
        )
    };
}
