//! The PCI device pvpanic, found by its identity on the first bus (QEMU, docs/specs/pvpanic.rst).

use core::ops::Range;

use pci_types::{
    Bar, CommandRegister, ConfigRegionAccess, DeviceId, EndpointHeader, PciAddress, PciHeader,
    VendorId,
};

use super::windows;

/// A PCI host bridge, as the device tree describes it.
#[derive(Debug)]
pub(super) struct Host {
    /// The configuration space (ECAM).
    pub(super) configuration: Range<usize>,
    /// The physical addresses of the window for 32-bit memory, which are the bus's own.
    pub(super) memory: Range<usize>,
}

/// That of QEMU's `virt` machine, for failures before the device tree is read.
pub(super) const VIRT_HOST: Host = Host {
    configuration: 0x2000_0000..0x2800_0000,
    memory: 0x4000_0000..0x8000_0000,
};

const PVPANIC: (VendorId, DeviceId) = (0x1b36, 0x0011);

/// The address of pvpanic's register, which is mapped if no firmware has done so; `None` if there is no such device.
///
/// # Safety
///
/// `host` is a host bridge of this machine, and no other code uses PCI.
pub(super) unsafe fn find_panic_register(host: &Host) -> Option<usize> {
    let mut headers = (0..32).map(|device| PciHeader::new(PciAddress::new(0, 0, device, 0)));
    let found = headers.find(|header| header.id(host) == PVPANIC)?;
    let mut device = EndpointHeader::from_header(found, host)?;
    let Bar::Memory32 { address, .. } = device.bar(0, host)? else {
        return None;
    };
    let address = match address {
        // Nobody gave out bus addresses: this is the only device that gets one.
        0 => {
            // SAFETY: rule 12: the window is larger than any 32-bit BAR, and begins at a multiple of its size.
            unsafe { device.write_bar(0, host, host.memory.start) }.ok()?;
            host.memory.start
        }
        address => address as usize,
    };
    device.update_command(host, |command| command | CommandRegister::MEMORY_ENABLE);
    Some(address)
}

impl Host {
    /// Where a register of a function's configuration space is; `None` if it is outside of the bridge's.
    fn register(&self, function: PciAddress, offset: u16) -> Option<*mut u32> {
        let function = usize::from(function.bus()) << 20
            | usize::from(function.device()) << 15
            | usize::from(function.function()) << 12;
        let address = self.configuration.start + function + usize::from(offset);
        (address < self.configuration.end).then(|| windows::device(address))
    }
}

impl ConfigRegionAccess for Host {
    unsafe fn read(&self, function: PciAddress, offset: u16) -> u32 {
        match self.register(function, offset) {
            // SAFETY: rule 12: a register in the bridge's configuration space.
            Some(register) => unsafe { register.read_volatile() },
            // What a bus reads where nothing answers.
            None => u32::MAX,
        }
    }

    unsafe fn write(&self, function: PciAddress, offset: u16, value: u32) {
        if let Some(register) = self.register(function, offset) {
            // SAFETY: rule 12: as `read`.
            unsafe { register.write_volatile(value) };
        }
    }
}
