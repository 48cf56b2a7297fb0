//! The console's 16550.

use core::fmt;

use uart_16550::{Config, Uart16550, backend::PioBackend};

use crate::platform::common::print::print;

/// The first I/O port of COM1, where every PC has it.
const COM1: u16 = 0x3f8;

/// Sets the UART to 8N1 and switches its FIFO on. The rate is that of an input clock of 1.8432 MHz, a PC's.
pub(super) fn enable() {
    with(|uart| uart.init(Config::DEFAULT).expect("a 16550 at COM1"));
}

/// Prints. It takes no lock: the caller holds it, or runs alone, or reports a failure.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    with(|uart| print(uart, text));
}

fn with<R>(use_uart: impl FnOnce(&mut Uart16550<PioBackend>) -> R) -> R {
    // SAFETY: rule 12: a PC has a 16550 here; the console's lock makes this core the only user.
    let uart = unsafe { Uart16550::new_port(COM1) };
    use_uart(&mut uart.expect("eight ports do not wrap around"))
}
