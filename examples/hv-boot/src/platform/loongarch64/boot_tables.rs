//! The boot protocol: the EFI system table, whose configuration tables name the device tree.
//! (Linux, Documentation/arch/loongarch/booting.rst.)

use core::{ptr, slice};

use uefi_raw::{
    Guid, guid,
    table::{configuration::ConfigurationTable, system::SystemTable},
};

/// `EFI_DTB_TABLE_GUID` (UEFI Specification, "Devicetree Tables").
const DEVICE_TREE: Guid = guid!("b1b621d5-f19c-41a5-830b-d9152c69aae0");

/// The device tree's address by the system table at `address`; `None` if one of the two is not there.
///
/// # Safety
///
/// `address` is what the boot protocol passed, and the boot core runs alone.
pub(super) unsafe fn device_tree(address: usize) -> Option<usize> {
    let system = memory::<SystemTable>(address)?;
    // SAFETY: rule 12: the boot protocol puts a system table here; only its signature is read so far.
    let signature = unsafe { (&raw const (*system).header.signature).read() };
    if signature != SystemTable::SIGNATURE {
        return None;
    }
    // SAFETY: rule 12: it is a system table; plain loads of integers.
    let (count, tables) = unsafe {
        let count = (&raw const (*system).number_of_configuration_table_entries).read();
        (count, (&raw const (*system).configuration_table).read())
    };
    let tables = memory::<ConfigurationTable>(tables.addr())?;
    // SAFETY: rule 12: the system table says that there are as many; nothing writes them.
    let tables = unsafe { slice::from_raw_parts(tables, count) };
    let tree = tables
        .iter()
        .find(|table| table.vendor_guid == DEVICE_TREE)?;
    Some(tree.vendor_table.addr())
}

/// An address that the firmware names, if a `T` can be there.
fn memory<T>(address: usize) -> Option<*const T> {
    let pointer = ptr::with_exposed_provenance::<T>(address);
    (!pointer.is_null() && pointer.is_aligned()).then_some(pointer)
}
