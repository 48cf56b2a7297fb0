//! Stopping the machine.

use core::time::Duration;

use x86_64::instructions::port::Port;

use super::uart;
use crate::{machine::published, wait::Deadline};

/// What switches the machine off: control registers' I/O ports, each with its `SLP_TYP` for the state S5.
#[derive(Debug)]
pub(super) struct Power {
    pub(super) a: (u16, u8),
    pub(super) b: Option<(u16, u8)>,
}

/// Where QEMU's isa-debug-exit is told to be: no table names it.
const DEBUG_EXIT: u16 = 0xf4;

/// Stops the machine: QEMU ends with 0 if `status` is 0, else with the low 8 bits of `status << 1 | 1`.
pub(crate) fn exit(status: u8) -> ! {
    match (status, published()) {
        (0, Some(machine)) => machine.platform.power.switch_off(),
        _ => {
            let mut port = Port::<u32>::new(DEBUG_EXIT);
            // SAFETY: rule 12: QEMU's debug exit, or no device.
            unsafe { port.write(status.into()) };
        }
    }
    // QEMU ends within moments; if not, the machine cannot be stopped.
    let deadline = Deadline::after(Duration::from_secs(5));
    while !deadline.has_passed() {
        core::hint::spin_loop();
    }
    uart::write(format_args!(
        "hv-boot: neither ACPI nor isa-debug-exit stops the machine\n"
    ));
    loop {
        core::hint::spin_loop();
    }
}

impl Power {
    /// Enters the state S5 (ACPI 7.4.2): `SLP_TYP` and `SLP_EN` of the control registers (4.8.3.2.1).
    fn switch_off(&self) {
        const SLEEP: u16 = 1 << 13;
        for (port, kind) in [Some(self.a), self.b].into_iter().flatten() {
            // SAFETY: rule 12: ACPI's tables name the port and the value; the machine is not needed any more.
            unsafe { Port::<u16>::new(port).write(SLEEP | u16::from(kind & 0b111) << 10) };
        }
    }
}
