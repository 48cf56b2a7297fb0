//! The console's 16550, with a byte in memory for each register.

use core::{
    fmt,
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering},
};

use uart_16550::{Config, Uart16550, backend::MmioBackend};

use super::print::print;
use crate::platform::imp::{VIRT_UART, device};

static ADDRESS: AtomicUsize = AtomicUsize::new(VIRT_UART);

/// Prints through the UART at `address` from now on. One core runs, so a plain store is enough.
pub(in crate::platform) fn move_to(address: usize) {
    ADDRESS.store(address, Ordering::Relaxed);
}

/// Sets the UART to 8N1 and switches its FIFO on. The rate is that of an input clock of 1.8432 MHz: QEMU's UART
/// has none that matters.
pub(in crate::platform) fn enable() {
    with(|uart| {
        let enabled = uart.init(Config::DEFAULT);
        enabled.expect("a 16550 at the console's address");
    });
}

/// Prints. It takes no lock: the caller holds it, or runs alone, or reports a failure.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    with(|uart| print(uart, text));
}

fn with<R>(use_uart: impl FnOnce(&mut Uart16550<MmioBackend>) -> R) -> R {
    let registers = device(ADDRESS.load(Ordering::Relaxed));
    let registers = NonNull::new(registers).expect("device_tree refuses a UART at 0");
    // SAFETY: rule 12: the device tree, or QEMU's `virt` machine, has a 16550 here with a byte for each register;
    // the console's lock makes this core the only user.
    let uart = unsafe { Uart16550::new_mmio(registers, 1) };
    use_uart(&mut uart.expect("eight registers do not wrap around"))
}
