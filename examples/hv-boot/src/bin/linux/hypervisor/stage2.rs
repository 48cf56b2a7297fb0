//! Stage 2 of the guest's address translation: an intermediate physical address is the physical address, or a fault.
//!
//! (Arm ARM DDI 0487, "VMSAv8-64 stage 2 translation", "Stage 2 memory region type and cacheability attributes".)

use core::ops::Range;

use aarch64_cpu::{
    asm::barrier,
    registers::{ID_AA64MMFR0_EL1, Readable, VTCR_EL2, VTTBR_EL2, Writeable},
};
use hv_boot::Tables;
use spin::Mutex;

use super::guest::Guest;

static TABLES: Mutex<Tables> = Mutex::new(Tables::new());

/// The pages of the devices that the guest does not get.
static WITHHELD: Mutex<[Range<usize>; 2]> = Mutex::new([0..0, 0..0]);

/// The attributes of a block: readable, writable, executable, and of a type that stage 1 can only make stricter.
const VALID: u64 = 1 << 0;
const DEVICE: u64 = VALID | READ_WRITE | ACCESSED | 0b0001 << 2;
const MEMORY: u64 = VALID | READ_WRITE | ACCESSED | INNER_SHAREABLE | 0b1111 << 2;
const READ_WRITE: u64 = 0b11 << 6;
const INNER_SHAREABLE: u64 = 0b11 << 8;
const ACCESSED: u64 = 1 << 10;
const FAULT: u64 = 0;

/// Where devices are on QEMU's `virt` machine: below RAM, and in the second half of what stage 2 reaches.
const DEVICES: [Range<usize>; 2] = [0..1 << 30, 256 << 30..512 << 30];

/// Builds the tables: what the guest does not have is not in them, this image first of all.
pub(super) fn build(guest: &Guest) {
    let mut tables = TABLES.lock();
    for devices in DEVICES {
        tables.map(devices, DEVICE);
    }
    let withheld = guest
        .withheld
        .clone()
        .map(|it| it.start & !0xfff..it.end.next_multiple_of(0x1000));
    for device in &withheld {
        tables.map(device.clone(), FAULT);
    }
    tables.map(guest.memory.clone(), MEMORY);
    *WITHHELD.lock() = withheld;
}

/// Whether `address` is on a page of a device that the guest does not get.
pub(super) fn is_withheld(address: usize) -> bool {
    WITHHELD
        .lock()
        .iter()
        .any(|device| device.contains(&address))
}

/// Makes this core translate by the tables, once its `HCR_EL2.VM` is set.
pub(super) fn enable() {
    // At most the 48 bits of addresses that 4 KiB pages have without FEAT_LPA2.
    let physical_bits = ID_AA64MMFR0_EL1.read(ID_AA64MMFR0_EL1::PARange).min(5);
    VTCR_EL2.write(
        VTCR_EL2::RES1.val(1)
            + VTCR_EL2::PS.val(physical_bits)
            + VTCR_EL2::TG0::Granule4KB
            + VTCR_EL2::SH0::Inner
            + VTCR_EL2::ORGN0::NormalWBRAWA
            + VTCR_EL2::IRGN0::NormalWBRAWA
            // From level 1, which covers the 39 bits of one table.
            + VTCR_EL2::SL0::Granule4KBLevel1
            + VTCR_EL2::T0SZ.val(64 - 39),
    );
    // One guest: VMID 0. What the tables hold is there before a walk reads it.
    VTTBR_EL2.set(TABLES.lock().root() as u64);
    barrier::dsb(barrier::ISH);
    barrier::isb(barrier::SY);
    flush();
}

/// Forgets what this core's TLB has of the guest, from before the core was off.
fn flush() {
    // SAFETY: rule 10: it makes translations slower, and touches no memory of this program.
    unsafe {
        core::arch::asm!(
            "tlbi vmalls12e1",
            "dsb nsh",
            "isb",
            options(nostack, preserves_flags)
        )
    };
}
